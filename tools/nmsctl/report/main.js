// SPDX-License-Identifier: GPL-2.0-only
// From top to bottom.

const shortName = path => path.replace(/\/+$/, "").replace(/^.*\//, "") || path;

function showHead() {
	const title = `${grouped(report.count)} of ${grouped(rows)} rows`;

	$("headline").textContent = title;
	document.title = `${title}: ${shortName(report.dataset.path)}`;
	$("subline").append(make("b", {}, shortName(report.dataset.path)), `, chosen by ${report.method}` +
		`${report.rule && report.rule !== report.method ? ` (${report.rule})` : ""} with seed ${report.seed}${report.dataset.classes ? `, within ${plural(report.dataset.classes, "class", "classes")}` : ""}`);
}

function showFigures() {
	const put = (name, big, small, tone) => $("figures").append(make("div", {}, make("dt", {}, name),
		make("dd", { class: `big ${tone || ""}` }, big), make("dd", { class: "small" }, small)));
	const times = (large, little) => `${significant(large / little, large / little < 9.95 ? 2 : Math.max(2, Math.min(3, String(Math.round(large / little)).length)))}\u00d7 less`;
	const p = report.paths;

	put("Kept", percent(report.count / rows), `${grouped(report.count)} rows of ${grouped(report.dataset.cols)} columns`);
	if (data.coverage) {
		const random = mean(data.coverage.random), gain = closer(data.coverage.distance, random);

		put("Coverage", gain.text, `mean distance ${significant(data.coverage.distance)}; by lot ${significant(random)}`, gain.good ? "good" : "poor");
	}
	put("Over the link", p.near_link_bytes < p.host_link_bytes ? times(p.host_link_bytes, p.near_link_bytes) : bytes(p.near_link_bytes),
		`${bytes(p.near_link_bytes)} beside memory; ${bytes(p.host_link_bytes)} at the host`);
	put("Energy, modelled", joules(p.near_energy.total), `beside memory; ${joules(p.host_energy.total)} at the host${data.plane && data.plane.extra ? "; making the plane included" : ""}`);
	put("Time", seconds(report.seconds.total), report.threads ? `with ${plural(report.threads, "thread")}, this page included` : "this page included");
}

function showWhere() {
	if (!plane)
		return null;
	$("where").hidden = false;
	$("where-text").append(byClass && classes.length > 1 ? "Each class is embedded on its own, as it was chosen from: places in different planes cannot be compared. " : "",
		"Neighbours in the plane were close among all columns; distances between far groups mean little. The ringed points are the exemplars.");
	const map = new Views();
	makeLegend(map);
	return map;
}

function showAgain() {
	$("command").textContent = data.command;
	$("manifest").textContent = JSON.stringify(data.manifest, null, 2);
	$("again-text").append("The same dataset, parameters and seed give the same exemplars, bit for bit. It was run", ...(data.folder ? [" in ", make("b", {}, data.folder)] : []), ":");
	for (const button of document.querySelectorAll("[data-copy]"))
		button.addEventListener("click", () => copy($(button.dataset.copy)));
}

async function copy(element) {
	try {
		await navigator.clipboard.writeText(element.textContent);
	} catch (refused) {
		/* where pages from files may not: select it, and try the old way */
		getSelection().selectAllChildren(element);
		document.execCommand("copy");
	}
	$("copied").textContent = "Copied.";
	const button = element.parentElement.querySelector("button");
	button.textContent = "Copied";
	setTimeout(() => { button.textContent = "Copy"; $("copied").textContent = ""; }, 1500);
}

function showContents() {
	for (const section of document.querySelectorAll("main > section:not([hidden])"))
		$("contents").append(make("a", { href: `#${section.id}` }, section.querySelector("h2").textContent));
}

showHead();
showFigures();
showCoverage();
showClasses();
showEqual();
showEnergy();
showTime();
showRan();
showAgain();
const map = showWhere();
makeGallery(map);
showContents();
document.documentElement.dataset.ready = "yes";
