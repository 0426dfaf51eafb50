// SPDX-License-Identifier: GPL-2.0-only
// The data that the page holds: see page.c.

function fromBase64(id) {
	const element = $(id);

	if (!element)
		return null;
	const text = atob(element.textContent), out = new Uint8Array(text.length);
	for (let i = 0; i < out.length; i++)
		out[i] = text.charCodeAt(i);
	return out;
}

const data = JSON.parse($("data").textContent);
const report = data.report;
const rows = report.dataset.rows;
const classes = data.classes;
const hasClasses = classes.length > 0;
const byClass = hasClasses && data.plane && data.plane.by_class;

function numbers(id, Type) {
	const raw = fromBase64(id);

	return raw && new Type(raw.buffer);
}

const index = numbers("index", Uint32Array) || new Uint32Array(0);
const weight = numbers("weight", Float32Array);
const classOf = hasClasses ? numbers("classes", classes.length <= 256 ? Uint8Array :
	classes.length <= 65536 ? Uint16Array : Uint32Array) : null;
const plane = numbers("plane", Uint16Array);
const NOWHERE = 65535;

/** Rank of a row among the exemplars, from 0. */
const rank = new Map();
index.forEach((row, i) => rank.set(row, i));

const className = c => classes[c].name;
const classWords = c => /^-?\d+$/.test(className(c)) ? `class ${className(c)}` : className(c);
const colour = c => !hasClasses ? NAMELESS[theme.dark ? "dark" : "light"] : (theme.dark ? DARK : LIGHT)[c % LIGHT.length];
/** Colours repeat; the shape then differs: disc, square, diamond. */
const shape = c => Math.floor(c / LIGHT.length) % 3;

function dot(c) {
	const element = make("span", { class: `dot s${shape(c)}`, "data-class": c });

	element.style.setProperty("--c", colour(c));
	return element;
}
theme.listeners.push(() => {
	for (const element of document.querySelectorAll(".dot[data-class]"))
		element.style.setProperty("--c", colour(Number(element.dataset.class)));
});

/** Which classes are shown; changed by the legend. */
const shown = { rows: true, exemplars: true, class: classes.map(() => true) };
