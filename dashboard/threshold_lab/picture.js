// A drawing as a PNG that says by itself what it shows.
const HEAD = 100; // pixels above the drawing, for the words
const LOOKS = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-opacity",
  "stroke-width",
  "stroke-dasharray",
  "font-size",
  "font-family",
];

function standingCopy(svg) {
  // Colours and fonts are written into the copy, so that the picture needs no page.
  const copy = svg.cloneNode(true);
  const to = [copy, ...copy.querySelectorAll("*")];
  [svg, ...svg.querySelectorAll("*")].forEach((node, i) => {
    const style = getComputedStyle(node);
    for (const key of LOOKS) to[i].style.setProperty(key, style.getPropertyValue(key));
  });
  copy.setAttribute("width", W * 3);
  copy.setAttribute("height", H * 3);
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
}
async function savePng(svg, name, title, subtitle) {
  const drawing = new Image();
  drawing.src = standingCopy(svg);
  await drawing.decode();
  const canvas = document.createElement("canvas");
  canvas.width = W * 3;
  canvas.height = H * 3 + HEAD;
  const pen = canvas.getContext("2d");
  const look = getComputedStyle(svg);
  pen.fillStyle = look.getPropertyValue("--st-background-color") || "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = look.getPropertyValue("--st-text-color") || "#222";
  pen.font = "600 32px sans-serif";
  pen.fillText(title, 16, 42, canvas.width - 32);
  pen.font = "24px sans-serif";
  pen.fillText(subtitle, 16, 80, canvas.width - 32);
  pen.drawImage(drawing, 0, HEAD);
  const link = document.createElement("a");
  link.download = `${name}.png`;
  link.href = canvas.toDataURL("image/png");
  link.click();
}
