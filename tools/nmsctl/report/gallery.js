// SPDX-License-Identifier: GPL-2.0-only
// The chosen rows in order of rank: pictures where they are images, else a table.

function makeGallery(map) {
	const step = pictures ? 96 : 40, only = $("only");
	let list = [], until = 0;

	function figure(at) {
		const row = index[at], c = classOf ? classOf[row] : 0;
		const picture = pictureOf(row), shot = make("span", { class: "shot" });
		const button = make("button", { type: "button", "data-row": row, title: `row ${grouped(row)}`,
			"aria-label": `Exemplar ${at + 1}, row ${row}${hasClasses ? ", " + classWords(c) : ""}${map ? "; show on the map" : ""}` },
		shot, make("small", {}, make("b", {}, String(at + 1)), ...(hasClasses ? [dot(c), make("span", {}, className(c))] : [])));

		if (picture)
			picture[0].paint(picture[1], shot);
		if (map)
			button.addEventListener("click", () => {
				map.visit(at);
				map.box.scrollIntoView({ block: "center" });
			});
		return make("li", {}, button);
	}

	function line(at) {
		const row = index[at];

		return make("tr", {}, make("th", { scope: "row" }, grouped(at + 1)), make("td", {}, grouped(row)),
			...(hasClasses ? [make("td", {}, className(classOf[row]))] : []),
			...(weight ? [make("td", {}, short(weight[at]))] : []));
	}

	function grow() {
		const from = until;

		until = Math.min(list.length, until + step);
		for (let i = from; i < until; i++)
			(pictures ? $("gallery") : $("list").querySelector("tbody")).append((pictures ? figure : line)(list[i]));
		$("more").hidden = until >= list.length;
		$("more").textContent = `${grouped(Math.min(step, list.length - until))} more`;
		$("only-count").textContent = `${grouped(until)} of ${grouped(list.length)} shown`;
	}

	function begin() {
		list = [...index.keys()].filter(at => only.value === "" || classOf[index[at]] === Number(only.value));
		until = 0;
		if (pictures)
			$("gallery").replaceChildren();
		else
			$("list").replaceChildren(table(["Rank", "Row", ...(hasClasses ? ["Class"] : []), ...(weight ? ["Stands for rows"] : [])], []));
		grow();
	}

	only.append(make("option", { value: "" }, "all"), ...classes.map((c, k) => make("option", { value: k }, className(k))));
	$("only-label").hidden = !hasClasses;
	$("list").hidden = Boolean(pictures);
	$("gallery").hidden = !pictures;
	only.addEventListener("change", begin);
	$("more").addEventListener("click", grow);
	$("chosen-text").append(`${report.nested ? "In order of rank: the first of them are the best smaller selection" +
		(report.dataset.classes && hasClasses ? " of their class" : "") + ". " : ""}` + pictureWords());
	begin();
}

function pictureWords() {
	if (!pictures)
		return report.dataset.format === "near memory" ? "The rows stay in near memory; none were brought here to be shown." : "";
	const all = pictures.rows.about, best = pictures.exemplars.about, [h, w] = [best.height, best.width];
	const size = a => `${a.width} \u00d7 ${a.height} pixels${a.levels < 256 ? ` in ${a.levels} levels` : ""}`;

	return `To keep this page small it holds ${best.count < index.length ? `the first ${grouped(best.count)}` : "all"} exemplars at ${size(best)}` +
		`${h * w < data.pictures.shape.reduce((a, b) => a * b, 1) / best.channels ? " (made smaller)" : ""}, and ` +
		`${all.count < rows ? `${grouped(all.count)} of the ${grouped(rows)}, drawn by lot,` : `all ${grouped(rows)}`} rows at ${size(all)}.`;
}
