// Pictures of a phone are several megabytes each: they are made smaller before they travel over a bad line.
document.querySelectorAll("input[type=file][data-shrink]").forEach((input) => {
  const longest = Number(input.dataset.shrink);
  const shrink = async (file) => {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = longest / Math.max(picture.width, picture.height);
    if (scale >= 1) return file;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, ".jpg"), { type: "image/jpeg" }) : file;
  };
  input.addEventListener("change", async () => {
    const chosen = new DataTransfer();
    // What cannot be read here goes as it is; the server says what is wrong with it.
    for (const file of input.files) chosen.items.add(await shrink(file).catch(() => file));
    input.files = chosen.files;
  });
});
