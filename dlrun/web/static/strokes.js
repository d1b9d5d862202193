// Strokes as data, in parts of the paper's side, and how they are inked.

/** Inks strokes on a context whose paper is `side` wide: lines through the middles, curved. */
export function inkStrokes(context, strokes, side, colour) {
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = context.fillStyle = colour;
  for (const { width, points } of strokes) {
    context.lineWidth = width * side;
    context.beginPath();
    const [[x, y]] = points;
    context.moveTo(x * side, y * side);
    for (let i = 1; i < points.length - 1; i++) {
      const [[ax, ay], [bx, by]] = [points[i], points[i + 1]];
      context.quadraticCurveTo(ax * side, ay * side, ((ax + bx) / 2) * side, ((ay + by) / 2) * side);
    }
    const [endX, endY] = points[points.length - 1];
    context.lineTo(endX * side, endY * side); // of a tap: a dot
    context.stroke();
  }
}

/** Draws a picture whole, as large as it fits, in the middle. */
export function drawContained(context, bitmap, side) {
  const scale = side / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.drawImage(bitmap, (side - width) / 2, (side - height) / 2, width, height);
}

/** Promises a PNG file, `side` pixels wide, of black ink, or of a picture, on white paper. */
export function exportPng(strokes, bitmap, side) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, side, side);
  if (bitmap) drawContained(context, bitmap, side);
  inkStrokes(context, strokes, side, "#000");
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
