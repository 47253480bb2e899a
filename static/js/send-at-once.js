// A form marked data-send-at-once sends itself when its page is opened, though not when somebody comes back to it.
const navigation = performance.getEntriesByType("navigation")[0];
if (navigation?.type !== "back_forward") document.querySelector("form[data-send-at-once]")?.requestSubmit();
