// SPDX-License-Identifier: GPL-2.0-only
// Classes on and off.

function makeLegend(map) {
	const list = make("ul", { "aria-label": "Classes" }), entries = [];
	const refresh = () => {
		entries.forEach((entry, k) => { entry.box.checked = shown.class[k]; });
		map.recolour();
	};

	$("show-rows").addEventListener("change", event => { shown.rows = event.target.checked; map.change(); });
	$("show-exemplars").addEventListener("change", event => { shown.exemplars = event.target.checked; map.change(); });
	if (!hasClasses)
		return;
	classes.forEach((c, k) => {
		const box = make("input", { type: "checkbox", checked: true, "data-class": k });
		const line = make("li", {}, make("label", {}, box, dot(k), make("span", { class: "name" }, className(k)),
			make("span", { class: "n" }, `${grouped(c.chosen)} of ${grouped(c.rows)}`)));

		box.addEventListener("change", () => { shown.class[k] = box.checked; map.recolour(); });
		/* from others to this one alone, and back */
		line.addEventListener("dblclick", event => {
			const alone = shown.class.every((on, other) => on === (other === k));

			event.preventDefault();
			shown.class = classes.map((_, other) => alone || other === k);
			refresh();
		});
		entries.push({ box, line, text: className(k).toLowerCase() });
		list.append(line);
	});
	const pick = make("div", { class: "pick" });
	if (classes.length > 12) {
		const search = make("input", { type: "search", placeholder: "find a class", "aria-label": "Find a class" });

		search.addEventListener("input", () => {
			for (const entry of entries)
				entry.line.hidden = !entry.text.includes(search.value.trim().toLowerCase());
		});
		pick.append(search);
	}
	for (const [text, on] of [["All", true], ["None", false]]) {
		const button = make("button", { type: "button", id: `classes-${text.toLowerCase()}` }, text);

		/* of those that the search leaves */
		button.addEventListener("click", () => {
			entries.forEach((entry, k) => { if (!entry.line.hidden) shown.class[k] = on; });
			refresh();
		});
		pick.append(button);
	}
	$("legend").append(pick, list);
}
