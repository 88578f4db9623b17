// What Redoc tries without asking and the page's policy refuses: to search in a worker made from text (without, it
// searches on the page), and to show its makers' logo from their own host. React sets an image's source in both ways.
// Without the attempts the browser's console stays empty, for errors that matter.
delete window.Worker;
const image = HTMLImageElement.prototype;
const source = Object.getOwnPropertyDescriptor(image, "src");
const setSource = function (url) { source.set.call(this, /^(https?:)?\/\//.test(url) ? "data:," : url); };
Object.defineProperty(image, "src", { ...source, set: setSource });
image.setAttribute = function (name, value) {
  (name === "src" ? setSource : Element.prototype.setAttribute.bind(this, name)).call(this, value);
};
