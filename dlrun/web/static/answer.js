// Shows what the net says: the class, its probability, a bar for each class, what the net sees.

const byId = (id) => document.getElementById(id);

/** A share as it is read. */
export const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** A number in few digits. */
export const short = (value) =>
  typeof value === "number" ? String(Number(value.toPrecision(5))) : String(value);

/** Makes the part of the page that shows answers; returns what changes it. */
export function makeAnswer(model) {
  const rows = makeBars(model.class_names);
  let timer = 0;

  function say(text) {
    clearTimeout(timer); // while drawing, a reader would never come to an end
    timer = setTimeout(() => { byId("spoken").textContent = text; }, 700);
  }

  function remark(lines, isError = false) {
    const place = byId("remarks");
    place.hidden = lines.length === 0;
    place.textContent = lines.join(" · ");
    place.classList.toggle("is-error", isError);
  }

  function write(predicted, share) {
    const place = byId("predicted");
    place.textContent = predicted;
    place.classList.toggle("is-long", predicted.length > 2);
    place.classList.toggle("is-empty", predicted === "–");
    byId("share").textContent = share;
  }

  function clear() {
    write("–", "");
    for (const row of rows.values()) fill(row, 0, "", false);
    if (model.takes === "image") drawPixels(byId("seen"), null, model);
  }

  function page(figures) {
    const found = figures.map((figure) => short(figure.predicted));
    write(`${figures.length} figures`, "a page, in reading order");
    remark(figures.flatMap((figure, i) => figure.remarks.map((one) => `figure ${i + 1}: ${one}`)));
    say(`${figures.length} figures: ${found.join(", ")}`);
  }

  return {
    /** An answer of the server, or null for nothing. */
    show(answer) {
      showFigures(answer?.figures ?? [], model);
      if (answer?.figures) return page(answer.figures);
      remark(answer?.remarks ?? []);
      if (!answer) return clear();
      const predicted = short(answer.predicted);
      const shares = answer.probabilities;
      const share = shares ? percent(shares[answer.predicted]) : "";
      write(predicted, share);
      for (const [name, row] of rows)
        fill(row, shares[name], percent(shares[name]), name === answer.predicted);
      if (answer.pixels) drawPixels(byId("seen"), answer.pixels, model);
      say([predicted, share, ...answer.remarks].filter(Boolean).join(", "));
    },
    /** What went wrong, in words. */
    fail(error) {
      showFigures([], model);
      clear();
      remark([error.message], true);
      say(error.message);
    },
    /** A hint in the place of an answer. */
    hint(text) {
      clear();
      remark([text]);
    },
    say,
  };
}

function makeBars(names) {
  return new Map(names.map((name) => {
    const row = byId("bars").insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    row.append(head);
    const track = row.insertCell();
    track.setAttribute("aria-hidden", "true");
    track.innerHTML = '<span class="track"><span></span></span>';
    row.insertCell();
    return [name, row];
  }));
}

function fill(row, share, text, isFirst) {
  const length = Math.min(Math.max(share, 0), 1); // scores may be anything
  row.querySelector(".track span").style.transform = `scaleX(${length})`;
  row.lastElementChild.textContent = text;
  row.classList.toggle("is-first", isFirst);
}

/** A tile for each figure of a page: what the net sees of it, and what it says. */
function showFigures(figures, model) {
  const place = byId("figures");
  if (!place) return; // of tables
  place.hidden = figures.length === 0;
  place.closest(".answer").classList.toggle("is-page", figures.length > 0);
  place.replaceChildren(...figures.map((figure) => {
    const tile = document.createElement("li");
    const canvas = document.createElement("canvas");
    drawPixels(canvas, figure.pixels, model);
    const text = document.createElement("span");
    const predicted = short(figure.predicted);
    text.textContent = predicted;
    const share = figure.probabilities ? percent(figure.probabilities[figure.predicted]) : "";
    tile.title = [predicted, share, ...figure.remarks].filter(Boolean).join(" · ");
    tile.classList.toggle("is-doubtful", figure.remarks.length > 0);
    tile.append(canvas, text);
    return tile;
  }));
}

/** Draws what the net sees, a pixel a pixel; the style sheet makes them large. */
function drawPixels(canvas, pixels, model) {
  const [height, width] = model.input_shape;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  const values = pixels ? pixels.flat(2) : new Array(width * height).fill(0);
  const channels = values.length / (width * height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      const value = values[i * channels + (channels >= 3 ? c : 0)];
      image.data[4 * i + c] = (255 * value) / model.pixel_max;
    }
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.setAttribute("aria-label", pixels ? "What the net sees" : "What the net sees: nothing yet");
}
