// Counts down what is left of a preview of the portal; when its time is over, the page says so.
const clock = document.querySelector("[data-preview-seconds]");
const end = Date.now() + clock.dataset.previewSeconds * 1000;
const tick = () => {
  const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
  clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  if (left > 0) return;
  clearInterval(timer);
  setTimeout(() => location.replace("/preview/"), 1500);
};
const timer = setInterval(tick, 1000);
