// Likes and hides without loading the page anew, which would show other items. Without this script the buttons work all the same.
document.addEventListener("submit", async event => {
  event.preventDefault();
  const form = event.target;
  const item = form.closest("li");
  const answer = await fetch(form.action, { method: "POST", redirect: "manual" });
  if (answer.type !== "opaqueredirect") {
    location.reload();
  } else if (form.action.includes("/hide")) {
    item.remove();
  } else {
    item.classList.add("liked");
    form.querySelector("button").setAttribute("aria-pressed", "true");
  }
});
