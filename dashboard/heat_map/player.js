// The player and what is drawn of its file move together: a chosen frame is sought to the hundredth of a second, which
// Streamlit cuts to whole ones, and while the player runs a line goes along over the timeline.
const PLAYER = "[data-testid=stMain] video";
const TIMELINE = '[class*="st-key-timeline-"] .js-plotly-plot';
const AFTER_STREAMLIT = 150; // ms, in which it has sought to its whole second
const MOST_LOOKS = 40; // at a player that is not there or not loaded yet
const AGAIN = 10; // looks at one that is: loading late, Streamlit seeks to the whole second after this

function seek(seconds, looks = 0, again = 0) {
  if (!isFinite(seconds)) return;
  seek.last = seconds; // of several the last
  setTimeout(() => {
    const player = document.querySelector(PLAYER);
    if (seek.last !== seconds || looks > MOST_LOOKS || again > AGAIN) return;
    if (!player?.readyState) return seek(seconds, looks + 1);
    if (!player.paused) return;
    if (!again || player.currentTime === Math.trunc(seconds)) player.currentTime = seconds;
    seek(seconds, looks, again + 1);
  }, AFTER_STREAMLIT);
}

function showMoment(event) {
  const chart = event.target.matches(PLAYER) && document.querySelector(TIMELINE);
  const layout = chart && chart._fullLayout;
  const ground = chart && chart.querySelector(".svg-container");
  if (!layout || !layout.xaxis || !ground) return;
  let line = ground.querySelector(".heat-map-moment");
  if (!line) {
    line = Object.assign(document.createElement("div"), { className: "heat-map-moment" });
    ground.append(line);
  }
  const { xaxis, yaxis } = layout;
  const at = xaxis.d2p(event.target.currentTime);
  line.hidden = at < 0 || at > xaxis._length;
  line.style.left = `${xaxis._offset + at}px`;
  line.style.top = `${yaxis._offset}px`;
  line.style.height = `${yaxis._length}px`;
}
