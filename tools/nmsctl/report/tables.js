// SPDX-License-Identifier: GPL-2.0-only
// The figures as tables.

/** A cell is text, a number with its text {value, text}, or an element. */
function cell(content, first) {
	const inner = content && content.text !== undefined ? content.text : content;
	const attributes = content && content.className ? { class: content.className } : {};

	return first ? make("th", { scope: "row", class: "long" }, inner) : make("td", attributes, inner);
}

function table(heads, lines, caption) {
	return make("table", {}, caption ? make("caption", {}, caption) : null,
		make("thead", {}, make("tr", {}, ...heads.map(head => make("th", { scope: "col" }, head)))),
		make("tbody", {}, ...lines.map(line => make("tr", {}, ...line.map((c, i) => cell(c, !i))))));
}

/** The same, put in order by a press on a head. */
function sortable(heads, lines, caption) {
	const whole = table(heads, lines, caption), body = whole.querySelector("tbody");
	const value = c => c && c.value !== undefined ? c.value : String(c);

	whole.querySelectorAll("thead th").forEach((head, column) => {
		const button = make("button", { type: "button" }, heads[column]);

		head.replaceChildren(button);
		head.setAttribute("aria-sort", "none");
		button.addEventListener("click", () => {
			const up = head.getAttribute("aria-sort") !== "ascending";
			const order = lines.map((line, i) => [value(line[column]), i]).sort(([a], [b]) =>
				(up ? 1 : -1) * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true })));
			const trs = order.map(([, i]) => whole.lines[i]);

			for (const other of whole.querySelectorAll("thead th"))
				other.setAttribute("aria-sort", "none");
			head.setAttribute("aria-sort", up ? "ascending" : "descending");
			body.append(...trs);
		});
	});
	whole.lines = [...body.children];
	return whole;
}

function beam(share, main) {
	const element = make("span", { class: `beam${main ? " main" : ""}` });

	element.style.width = `${Math.max(0, Math.min(100, 100 * share))}%`;
	return { text: element, className: "track" };
}

/** "7.1 % closer" than @other, and whether that is good. */
function closer(mine, other) {
	const gain = other > 0 ? 1 - mine / other : 0;

	return { value: gain, good: gain >= 0, text: `${significant(100 * Math.abs(gain), 2)}\u00a0% ${gain >= 0 ? "closer" : "farther"}` };
}

const mean = list => list.reduce((a, b) => a + b, 0) / list.length;

function showCoverage() {
	const c = data.coverage;

	if (!c)
		return;
	const random = mean(c.random), most = Math.max(c.distance, ...c.random), gain = closer(c.distance, random);
	$("coverage").hidden = false;
	$("coverage-text").append("A row lies ", make("b", {}, significant(c.distance, 4)), " from its nearest exemplar on average (the quantisation error, 1 being the root mean square distance from the mean), ",
		make("b", { class: gain.good ? "good" : "poor" }, gain.text), ` than with as many rows drawn by lot from the same budgets. All rows count, in their first ` +
		`${plural(c.features, "principal component")}, which hold ${percent(c.variance_kept)} of the variance: the same for every method, so that selections can be compared.` +
		(report.coverage_random ? ` In the ${plural(report.features, "feature")} that this one worked with it is ${significant(report.coverage, 4)}, and ${significant(report.coverage_random, 4)} at random, by a sample of rows.` : "") +
		" Methods that choose for something else than distance need not win here.");
	$("coverage-table").append(table(["Selection", "", "Mean distance"], [
		[`${report.method}, seed ${report.seed}`, beam(c.distance / most, true), { value: c.distance, text: significant(c.distance, 5) }],
		...c.random.map((d, i) => [`random, seed ${BigInt(report.seed) + BigInt(i)}`, beam(d / most), { value: d, text: significant(d, 5) }]),
	]));
}

function showClasses() {
	if (!hasClasses)
		return;
	const heads = ["Class", "Rows", "Chosen", "Part of class"], c = data.coverage, m = data.mixed;
	const lines = classes.map((k, i) => {
		const line = [{ value: className(i), text: make("span", {}, dot(i), " ", className(i)) }, { value: k.rows, text: grouped(k.rows) },
			{ value: k.chosen, text: grouped(k.chosen) }, { value: k.chosen / k.rows, text: percent(k.chosen / k.rows) }];

		if (c) {
			const gain = closer(k.distance, k.random);

			line.push({ value: k.distance, text: significant(k.distance, 4) }, { value: gain.value, className: gain.good ? "good" : "poor", text: gain.text });
		}
		if (m)
			line.push({ value: k.mixed, text: percent(k.mixed) });
		return line;
	});
	if (c)
		heads.push("Distance to exemplar", "Against random");
	if (m)
		heads.push("Neighbours of other classes");
	$("classes-part").hidden = false;
	$("classes-text").append(`${plural(classes.length, "class", "classes")}${report.dataset.classes ? "; each had its own budget." : "; they were not chosen by."}` +
		(m ? ` A row is hard where its neighbours are of other classes: of the ${m.neighbours} nearest of each row ${percent(m.share)} are` +
			`${m.recall < 1 ? ` (search by approximation, recall ${significant(m.recall)})` : ""}.` : ""));
	$("classes-table").append(sortable(heads, lines));
}

function showEqual() {
	const t = data.twins;

	if (!t)
		return;
	$("equal").hidden = false;
	$("equal-text").append(t.groups ? `${plural(t.extra, "row")} ${t.extra === 1 ? "is" : "are"} equal, byte for byte, to an earlier one (${plural(t.groups, "group")}). ` +
		(t.disputed ? `In ${plural(t.disputed, "group")} equal rows have different labels. ` : hasClasses ? "None of them have different labels. " : "") +
		(t.chosen ? `${plural(t.chosen, "exemplar")} ${t.chosen === 1 ? "is" : "are"} equal to one of better rank.` : "No exemplar is equal to another.")
		: "No two rows are equal, byte for byte.");
}

const DOMAINS = { near: "near memory", compute: "compute", scratch: "scratchpad", link: "link", static: "static" };

function showEnergy() {
	const near = report.paths.near_energy, host = report.paths.host_energy, most = Math.max(near.total, host.total);
	const keys = Object.keys(DOMAINS), tone = i => [1, 0, 2, 3, 9][i];
	const bar = energy => {
		const stack = make("div", { class: "stack", "aria-hidden": "true" });

		keys.forEach((key, i) => {
			const part = make("i", { class: "dot", "data-class": tone(i) });

			part.style.cssText = `--c: ${(theme.dark ? DARK : LIGHT)[tone(i)]}; width: ${100 * Math.max(0, energy[key]) / most}%; height: 100%; border-radius: 0; border-width: 0 1px 0 0`;
			stack.append(part);
		});
		return stack;
	};
	const draw = () => {
		const marks = keys.map((key, i) => {
			const mark = make("span", { class: "dot" });

			mark.style.setProperty("--c", (theme.dark ? DARK : LIGHT)[tone(i)]);
			return make("span", {}, mark, DOMAINS[key]);
		});
		for (const part of figure.querySelectorAll(".stack i, .stacks span.dot"))
			part.removeAttribute("data-class");
		figure.replaceChildren(make("div", { class: "stacks" }, make("span", {}, "beside memory"), bar(near), make("span", {}, "at the host"), bar(host)),
			make("div", { class: "marks", "aria-hidden": "true" }, ...marks));
		for (const part of figure.querySelectorAll("i"))
			part.removeAttribute("data-class");
	};
	const figure = make("div");

	draw();
	theme.listeners.push(draw);
	$("energy-text").append(data.plane && data.plane.extra ? (`The rule ${report.rule} needs no plane: it was made to be looked at, and its energy, bytes and time are in these figures. `) : "",
		`Figures of the model with profile ${report.energy.profile}, not of a meter. Beside memory: the job, then the chosen rows over the link. ` +
		`At the host: every row over the link once, then the same work.`);
	$("energy-table").append(figure, table(["", "Beside memory", "At the host"],
		[...keys.map(key => [DOMAINS[key], joules(near[key]), joules(host[key])]), ["total", joules(near.total), joules(host.total)]]));
	$("bytes-table").append(table(["", ""], [
		["over the link, beside memory", bytes(report.paths.near_link_bytes)],
		["over the link, at the host", bytes(report.paths.host_link_bytes)],
		["near memory, read", bytes(report.bytes.near_read)], ["near memory, written", bytes(report.bytes.near_write)],
		...(report.uploaded ? [["uploaded for this run", bytes(report.uploaded)]] : []),
	]));
	$("bytes-table").querySelector("thead").remove();
}

function showTime() {
	const { total, job, plot, write, ...stages } = report.seconds;
	const names = { load: "read the dataset", digest: "digest it", reduce: "principal components", neighbours: "neighbours", search: "bandwidths",
		embed: "embed in the plane", entropy: "entropy", select: "choose", gather: "gather", read: "convert", upload: "to near memory" };
	const lines = Object.entries(stages).map(([key, value]) => [names[key] || key, value]);

	if (plot)
		lines.push(["draw --plot", plot]);
	lines.push(["measure and draw this page", data.measured_seconds]);
	const most = Math.max(...lines.map(line => line[1]));
	$("time-text").append(`${seconds(total)} in all, until this page was written${report.threads ? `, by ${plural(report.threads, "thread")}` : ""}.`);
	$("time-table").append(table(["Stage", "", "Time"], lines.filter(line => line[1] > 0).map(([name, value]) =>
		[name, beam(value / most, true), { value, text: seconds(value) }])));
}

function showRan() {
	const line = (name, value) => value === undefined || value === "" ? null : [name, { text: String(value), className: "text" }];
	const shape = data.pictures ? ` (${data.pictures.shape.join(" \u00d7 ")})` : "";

	$("ran").append(table(["", ""], [
		line("dataset", `${report.dataset.path}: ${report.dataset.format}, ${grouped(rows)} rows of ${grouped(report.dataset.cols)}${shape}, ${bytes(report.dataset.bytes)}`),
		line("method", [report.method, report.rule && report.rule !== report.method ? `rule ${report.rule}` : "", report.search ? `search ${report.search}` : ""].filter(Boolean).join(", ")),
		line("plane", data.plane ? `t-SNE, perplexity ${significant(report.perplexity)}, KL ${significant(report.kl)}, ${plural(report.iterations || 0, "iteration")}` : ""),
		line("features", report.features ? `${report.features}, ${percent(report.variance_kept)} of the variance` : ""),
		line("device", `${report.backend}: ${report.device} (${report.reason})`),
		line("arithmetic", `${report.profile}, numerics ${report.numerics}${report.isa ? `, ${report.isa}` : ""}`),
		line("version", report.version),
		line("selection", `SHA-256 ${data.manifest.selection.sha256}`),
	].filter(Boolean)));
	$("ran").querySelector("thead").remove();
}
