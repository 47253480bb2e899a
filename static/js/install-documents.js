// Sends each document as soon as it is chosen, shows how far it is, and offers another try when the connection breaks.
// What was sent stays on the server for a day, so an error elsewhere in the form, or a reload, does not lose it.
{
  const form = document.getElementById("install-form");
  const words = document.getElementById("words").dataset;
  const LIMIT = 10 * 1024 * 1024;
  const sending = new Map();

  const say = (box, text, canRetry = false) => {
    box.querySelector(".document-error").textContent = text;
    box.querySelector(".document-retry").hidden = !canRetry;
    box.querySelector("input[type=file]").classList.toggle("is-invalid", Boolean(text));
  };

  const received = (box, name) => {
    box.dataset.received = "";
    box.querySelector(".document-name").textContent = name;
    box.querySelector(".document-received").hidden = false;
    box.querySelector(".document-replace").hidden = false;
  };

  const send = (box) => {
    const kind = box.dataset.kind;
    const input = box.querySelector("input[type=file]");
    const file = input.files[0];
    sending.get(kind)?.request.abort();
    sending.delete(kind);
    say(box, "");
    if (!file) return;
    if (file.size > LIMIT) { say(box, words.tooLarge); input.value = ""; return; }
    if (!file.size) { say(box, words.empty); input.value = ""; return; }
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    data.append("submission", form.elements.submission.value);
    data.append(kind, file);
    const bar = box.querySelector(".document-progress");
    bar.hidden = false;
    bar.removeAttribute("value");
    const request = new XMLHttpRequest();
    const over = new Promise((resolve) => {
      request.onloadend = () => {
        bar.hidden = true;
        if (sending.get(kind)?.request === request) sending.delete(kind);
        resolve();
      };
    });
    sending.set(kind, { request, over });
    request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total; };
    request.onerror = request.ontimeout = () => say(box, words.fileOffline, true);
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not ours */ }
      if (request.status === 200 && answer.received?.[kind] !== undefined) {
        received(box, answer.received[kind]);
        input.value = "";
      } else if (answer.error) {
        say(box, answer.error);
        input.value = "";
      } else {
        say(box, request.status === 403 ? words.expired : words.failed, true);
      }
    };
    request.timeout = 180000;
    request.open("POST", form.dataset.documents);
    request.send(data);
  };

  form.addEventListener("change", (event) => {
    if (event.target.type === "file") send(event.target.closest(".document"));
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest(".document-retry");
    if (button) send(button.closest(".document"));
  });

  // For the other script: wait for what is under way, and ask what the server has and whether the form was sent before.
  form.documentsSent = () => Promise.all([...sending.values()].map((each) => each.over));
  form.askDocuments = async () => {
    const address = `${form.dataset.documents}?submission=${encodeURIComponent(form.elements.submission.value)}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) return false;
    const told = await answer.json();
    for (const [kind, name] of Object.entries(told.received)) {
      const box = form.querySelector(`.document[data-kind="${CSS.escape(kind)}"]`);
      if (box) received(box, name);
    }
    return told.sent;
  };
}
