// Shows colour, logo and greeting in the preview while they are being picked, and says how well the colour reads.
(() => {
  const form = document.getElementById("branding");
  const preview = document.getElementById("brand-preview");
  const picker = document.getElementById("colour-picker");
  const { colour, welcome, logo } = form.elements;
  const part = (name) => preview.querySelector(`[data-preview="${name}"]`);
  const DARK_TEXT = "#182433";
  const DARK_CARD = "#262626";

  // Relative luminance and contrast ratio as WCAG 2 defines them.
  const luminance = (hex) => {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  const list = document.getElementById("readings");
  const number = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const say = (name, text, background) => {
    const row = list.querySelector(`[data-reading="${name}"]`);
    const ratio = contrast(text, background);
    row.querySelector("[data-sample]").style.color = text;
    row.querySelector("[data-sample]").style.background = background;
    row.querySelector("[data-ratio]").textContent = number.format(ratio);
    row.querySelector("[data-words]").textContent = list.dataset[ratio >= 4.5 ? "good" : ratio >= 3 ? "large" : "poor"];
  };
  const paint = (value) => {
    if (!/^#[0-9a-f]{6}$/i.test(value)) return;
    const text = contrast(value, "#ffffff") >= contrast(value, DARK_TEXT) ? "#ffffff" : DARK_TEXT;
    picker.value = value;
    preview.style.setProperty("--brand", value);
    preview.style.setProperty("--brand-text", text);
    say("text", text, value);
    say("white", value, "#ffffff");
    say("dark", value, DARK_CARD);
  };
  picker.addEventListener("input", () => { colour.value = picker.value; paint(picker.value); });
  colour.addEventListener("input", () => paint(colour.value.trim()));
  welcome.addEventListener("input", () => { part("welcome").textContent = welcome.value; });

  let address = "";
  logo.addEventListener("change", () => {
    const [file] = logo.files;
    if (!file) return;
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(file);
    part("logo").src = address;
    part("logo").hidden = false;
    part("name").hidden = true;
  });
  part("logo").addEventListener("error", () => { part("logo").hidden = true; part("name").hidden = false; });
  paint(colour.value.trim());
})();
