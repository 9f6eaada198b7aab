// Keeps the live part of the page fresh and copies commands. The page is whole without it.
"use strict";

const live = document.getElementById("live");
const period = 1200; // milliseconds between two questions

function keysOf(root) {
  return new Set(Array.from(root.querySelectorAll("[data-key]"), (record) => record.dataset.key));
}

// Replaces the live part, keeps scroll places, and marks the records that were not there before.
function replace(html) {
  const before = keysOf(live);
  const offsets = Array.from(live.querySelectorAll(".scroll"), (box) => box.scrollLeft);
  const next = document.createElement("template");
  next.innerHTML = html; // drawn and escaped by the console itself
  live.replaceChildren(next.content);
  live.querySelectorAll(".scroll").forEach((box, index) => { box.scrollLeft = offsets[index] || 0; });
  for (const record of live.querySelectorAll("[data-key]")) {
    if (!before.has(record.dataset.key)) record.classList.add("fresh");
  }
}

const state = document.createElement("p");
state.className = "state";
state.setAttribute("role", "status");
live.before(state);

function say(kind) {
  if (state.dataset.kind === kind) return;
  state.dataset.kind = kind;
  state.textContent = live.dataset[kind];
}

let shown = null;

async function ask() {
  if (document.hidden) {
    say("paused");
    return;
  }
  try {
    const answer = await fetch(live.dataset.source, { signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.status);
    const html = await answer.text();
    const held = live.contains(document.activeElement) || !getSelection().isCollapsed;
    if (html !== shown && !held) {
      replace(html);
      shown = html;
    }
    say("live");
  } catch {
    say("lost");
  }
}

async function beat() {
  await ask();
  setTimeout(beat, period);
}

document.addEventListener("visibilitychange", ask);
beat();

// Copies the command beside a button and says so on the button.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const command = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(command.textContent);
  } catch {
    getSelection().selectAllChildren(command); // no clipboard on a plain-http address: select, so that a key copies
    return;
  }
  const label = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = label; }, 1500);
});
