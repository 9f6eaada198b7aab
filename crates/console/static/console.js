// Keeps the live part of the page fresh and copies commands. The page is whole without it.
"use strict";

const state = document.getElementById("state");
const period = 1200; // milliseconds between two questions

// Replaces a live part where it changed, keeps scroll places, and marks the records that were not there before.
function replace(part, next) {
  const before = new Set(Array.from(part.querySelectorAll("[data-key]"), (record) => record.dataset.key));
  const offsets = Array.from(part.querySelectorAll(".scroll"), (box) => box.scrollLeft);
  part.replaceChildren(...next.childNodes);
  part.querySelectorAll(".scroll").forEach((box, index) => { box.scrollLeft = offsets[index] || 0; });
  for (const record of part.querySelectorAll("[data-key]")) {
    if (!before.has(record.dataset.key)) record.classList.add("fresh");
  }
}

// Whether a person is at work in a part: a selection or the focus stands in it.
function isHeld(part) {
  const selection = getSelection();
  return part.contains(document.activeElement) || (!selection.isCollapsed && part.contains(selection.anchorNode));
}

function say(kind) {
  if (state.dataset.kind === kind) return;
  state.dataset.kind = kind;
  state.textContent = state.dataset[kind];
}

const shown = {};

async function ask() {
  if (document.hidden) {
    say("paused");
    return;
  }
  try {
    const answer = await fetch(state.dataset.source, { signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.status);
    const drawn = document.createElement("template");
    drawn.innerHTML = await answer.text(); // drawn and escaped by the console itself
    for (const next of drawn.content.querySelectorAll("[data-part]")) {
      const name = next.dataset.part;
      const part = document.querySelector(`[data-part="${name}"]`);
      const html = next.innerHTML;
      if (html === shown[name] || isHeld(part)) continue;
      replace(part, next);
      shown[name] = html;
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
