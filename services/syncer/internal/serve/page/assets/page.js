"use strict";

// Replaces only <main>, so that what is open or scrolled stays as it is.
const interval = 5000, runningInterval = 1000; // ms; a run under way is shown more often
const timeout = 10000, selectionLimit = 60000;
let refreshed = Date.now();

async function refresh() {
  const lost = document.getElementById("lost");
  try {
    const response = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(timeout) });
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh) throw new Error("not the status page");
    replaceMain(fresh);
    document.title = page.title;
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
  refreshed = Date.now();
}

function replaceMain(fresh) {
  const old = document.querySelector("main"), focused = document.activeElement?.id;
  const kept = [...old.querySelectorAll("[id]")].map((e) => [e.id, e.open, e.scrollLeft]);
  old.replaceWith(fresh);

  for (const [id, open, left] of kept) {
    const element = document.getElementById(id);
    if (!element) continue;
    if (open !== undefined) element.open = open;
    element.scrollLeft = left;
  }
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// A reader who selects text keeps the selection, for a while.
async function refreshLater() {
  const selecting = !getSelection().isCollapsed && Date.now() - refreshed < selectionLimit;
  if (!document.hidden && !selecting) await refresh();
  schedule();
}

function schedule() {
  const running = document.querySelector("main").hasAttribute("data-running");
  setTimeout(refreshLater, running ? runningInterval : interval);
}

schedule();
document.addEventListener("visibilitychange", () => document.hidden || refresh());
