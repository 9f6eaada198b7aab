// Previews in lists: a record's card is fetched as a piece of HTML and shown in a dialog.
"use strict";
const dialog = document.getElementById("card");
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-card]");
  if (!button) return;
  const answer = await fetch(button.dataset.card);
  if (!answer.ok) return;
  dialog.firstElementChild.innerHTML = (await answer.json()).html; // escaped by the server
  dialog.showModal();
});
