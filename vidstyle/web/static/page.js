// The part of the page that paints a file.
const styles = await (await fetch("/api/styles")).json();
console.debug(styles);
