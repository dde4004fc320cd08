"use strict";

// The page stays as it is and only its <main> is taken anew, so that what is open stays open.
const interval = 5000, patience = 10000, longestReading = 60000;
let taken = Date.now();

async function take() {
  const lost = document.getElementById("lost");
  try {
    const answer = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main"), old = document.querySelector("main");
    if (!fresh) throw new Error("not this page");
    const focused = document.activeElement?.id;
    const kept = [...old.querySelectorAll("[id]")].map((e) => [e.id, e.open, e.scrollLeft]);
    old.replaceWith(fresh);
    for (const [id, open, left] of kept) {
      const same = document.getElementById(id);
      if (!same) continue;
      if (open) same.open = true;
      same.scrollLeft = left;
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    document.title = page.title;
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
  taken = Date.now();
}

async function refresh() {
  const selecting = !getSelection().isCollapsed && Date.now() - taken < longestReading;
  if (!document.hidden && !selecting) await take();
  setTimeout(refresh, interval);
}

setTimeout(refresh, interval);
document.addEventListener("visibilitychange", () => document.hidden || take());
