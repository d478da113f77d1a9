// One chart's data; what draws it comes once a page (curves.js), before or after the first of them.
export default function ({ parentElement, data }) {
  const desk = (window.liveCurves ||= { waiting: new Map() });
  const root = parentElement.querySelector(".live-curves");
  if (desk.adopt) desk.adopt(root, data);
  else desk.waiting.set(root, data);
}
