// A canvas to sign on; what was drawn travels as a PNG in the form's hidden field. Without this file one signs on paper.
document.querySelectorAll("[data-signature]").forEach((box) => {
  const canvas = box.querySelector("canvas");
  const said = box.querySelector("[role=status]");
  const form = box.closest("form");
  const field = form.elements.signature;
  const pen = canvas.getContext("2d");
  const clear = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    field.value = "";
    said.textContent = "";
  };
  const place = (event) => {
    const area = canvas.getBoundingClientRect();
    return [((event.clientX - area.left) * canvas.width) / area.width, ((event.clientY - area.top) * canvas.height) / area.height];
  };
  box.hidden = false;
  Object.assign(pen, { lineWidth: 4, lineCap: "round", lineJoin: "round", strokeStyle: "#111" });
  const old = field.value;
  clear();
  // What was signed before an error elsewhere in the form is still there.
  if (old) {
    const drawing = new Image();
    drawing.onload = () => { pen.drawImage(drawing, 0, 0); field.value = old; said.textContent = said.dataset.said; };
    drawing.src = old;
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...place(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    pen.lineTo(...place(event));
    pen.stroke();
  });
  canvas.addEventListener("pointerup", () => {
    field.value = canvas.toDataURL("image/png");
    said.textContent = said.dataset.said;
  });
  box.querySelector("[data-clear]").addEventListener("click", clear);
});
