// The line's half of the component: what a release sends goes through here, so that only the part of the page that
// follows the line is drawn again and the lab with its tables is not sent anew.
export default function ({ data, setStateValue }) {
  const desks = (window.thresholdDesks ||= {});
  const desk = (desks[data.desk] ||= {});
  desk.send = (choice) => setStateValue("choice", choice);
  desk.line = data;
  desk.lab?.adoptLine(data);
}
