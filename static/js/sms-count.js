// Says under a text[data-sms] how many segments it takes, and which characters make it cost more. As messaging/sms.py.
const BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const TWICE = "\f^{}\\[~]|€";

function count(text, instead) {
  const chars = [...[...text.replace(/\r\n?/g, "\n")].map((char) => instead[char] ?? char).join("")];
  const strange = [...new Set(chars.filter((char) => !BASIC.includes(char) && !TWICE.includes(char)))];
  const [alone, part] = strange.length ? [70, 67] : [160, 153];
  const size = (char) => (strange.length ? char.length : TWICE.includes(char) ? 2 : 1);
  const units = chars.reduce((sum, char) => sum + size(char), 0);
  if (units <= alone) return { segments: units ? 1 : 0, room: alone - units, strange };
  let segments = 1;
  let filled = 0;
  for (const char of chars) {
    if (filled + size(char) > part) { segments += 1; filled = 0; }
    filled += size(char);
  }
  return { segments, room: part - filled, strange };
}

document.querySelectorAll("textarea[data-sms]").forEach((area) => {
  const line = document.querySelector("[data-sms-count]");
  if (!line) return;
  // What the company has replaced before it is sent.
  const instead = JSON.parse(area.dataset.instead || "{}");
  const show = () => {
    const { segments, room, strange } = count(area.value, instead);
    line.querySelector("[data-segments]").textContent = segments;
    line.querySelector("[data-room]").textContent = room;
    const odd = line.querySelector("[data-strange]");
    odd.hidden = !strange.length;
    odd.querySelector("[data-chars]").textContent = strange.slice(0, 12).join(" ");
    line.querySelector("[data-over]").hidden = segments <= Number(area.dataset.most);
  };
  area.addEventListener("input", show);
  line.hidden = false;
  show();
});
