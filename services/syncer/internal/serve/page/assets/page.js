"use strict";

// The page stays as it is and only its <main> is taken anew, so that what is open stays open.
const interval = 5000;

async function refresh() {
  const reading = document.hidden || !getSelection().isCollapsed;
  if (!reading) {
    const lost = document.getElementById("lost");
    try {
      const answer = await fetch("/", { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      for (const open of document.querySelectorAll("details[open]")) {
        const same = fresh.querySelector("#" + CSS.escape(open.id));
        if (same) same.open = true;
      }
      document.querySelector("main").replaceWith(fresh);
      document.title = page.title;
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  }
  setTimeout(refresh, interval);
}

setTimeout(refresh, interval);
