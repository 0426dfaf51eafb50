// SPDX-License-Identifier: GPL-2.0-only
// What all parts use: elements, numbers as text, the theme.

const $ = id => document.getElementById(id);

/** An element with attributes and children; strings become text, never markup. */
function make(name, attributes = {}, ...children) {
	const element = document.createElement(name);

	for (const [key, value] of Object.entries(attributes))
		if (value !== null && value !== undefined && value !== false)
			element.setAttribute(key, value === true ? "" : value);
	element.append(...children.filter(child => child !== null && child !== undefined));
	return element;
}

const grouped = value => Math.round(value).toLocaleString("en-GB");
const plural = (n, one, many = one + "s") => `${grouped(n)} ${n === 1 ? one : many}`;

function significant(value, digits = 3) {
	if (value === null || value === undefined || !isFinite(value))
		return "\u2013";
	if (Math.abs(value) >= 1000)
		return grouped(value);
	return value === 0 ? "0" : value.toLocaleString("en-GB", {
		minimumSignificantDigits: digits, maximumSignificantDigits: digits });
}

/** As few digits as say it, four at most. */
const short = value => value >= 1000 ? grouped(value) : value.toLocaleString("en-GB", { maximumSignificantDigits: 4 });

/** 0.0123 as "1.23 %". */
const percent = (share, digits = 3) => significant(100 * share, digits) + "\u00a0%";

function scaled(value, units) {
	let i = 0;

	while (Math.abs(value) >= 999.5 && i + 1 < units.length) {
		value /= 1000;
		i++;
	}
	return `${i ? significant(value) : significant(value, Math.max(1, Math.min(3, String(Math.round(value)).length)))}\u00a0${units[i]}`;
}
const bytes = value => scaled(value, ["B", "kB", "MB", "GB", "TB"]);
const joules = picojoules => scaled(picojoules, ["pJ", "nJ", "\u00b5J", "mJ", "J", "kJ"]);

function seconds(value) {
	if (value < 0.0005)
		return "under 1\u00a0ms";
	if (value < 1)
		return `${significant(1000 * value, value < 0.01 ? 1 : value < 0.1 ? 2 : 3)}\u00a0ms`;
	return `${significant(value)}\u00a0s`;
}

// Okabe and Ito's colours, then Tol's muted ones, as in --plot; lighter upon dark.
const LIGHT = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#332288", "#999933",
	"#882255", "#7f7f7f", "#44aa99", "#c9b45c", "#117733", "#cc6677", "#661100", "#6699cc",
	"#aa4499", "#b8a900", "#88ccee", "#222222"];
const DARK = ["#3d9be0", "#f2b134", "#2fc79a", "#f07c3a", "#8fd0f5", "#e79ac5", "#9a8ef0", "#c4c462",
	"#d1669b", "#a8a8a8", "#6fd3c2", "#efe2a0", "#55b877", "#ea8f9d", "#c4705c", "#9abde6",
	"#d77bc9", "#fbf38a", "#b8e4fb", "#e8e8e8"];
const NAMELESS = { light: "#7d8b97", dark: "#8c9aa6" };

const theme = {
	dark: false,
	listeners: [],
	set(paper) {
		const wanted = paper ? "light" : $("theme").value;

		this.dark = wanted ? wanted === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
		document.documentElement.dataset.theme = this.dark ? "dark" : "light";
		for (const tell of this.listeners)
			tell();
	},
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme.set());
$("theme").addEventListener("change", () => theme.set());
theme.set();
