// SPDX-License-Identifier: GPL-2.0-only
// The map: what is drawn when, and what hands do to it.

class Views {
	constructor() {
		this.box = $("map");
		this.points = new Points(Math.max(1, this.box.clientWidth), Math.max(1, this.box.clientHeight));
		this.camera = new Camera(this.points.bounds);
		this.ratio = Math.min(2, devicePixelRatio || 1);
		this.row = -1;
		this.share = 1;
		this.last = 0;
		this.gap = 25;
		this.fingers = new Map();
		this.makeCanvas();
		this.caption();
		this.listen();
		new ResizeObserver(() => this.resize()).observe(this.box);
		this.resize();
	}

	makeCanvas() {
		this.canvas = make("canvas", { "aria-hidden": "true" });
		this.box.prepend(this.canvas);
		try {
			this.painter = new GlPainter(this.canvas, this.points);
		} catch (reason) {
			/* a canvas that was asked for WebGL gives nothing else */
			this.canvas.replaceWith(this.canvas = make("canvas", { "aria-hidden": "true" }));
			this.painter = new FlatPainter(this.canvas, this.points);
		}
		this.canvas.addEventListener("webglcontextlost", event => {
			event.preventDefault();
			this.canvas.replaceWith(this.canvas = make("canvas", { "aria-hidden": "true" }));
			this.painter = new FlatPainter(this.canvas, this.points);
			this.resize();
		});
		this.box.dataset.painter = this.painter.name;
	}

	caption() {
		this.captions = byClass ? classes.map((c, k) => {
			const element = make("span", {}, `${className(k)} `, make("i", {}, `${grouped(c.chosen)} of ${grouped(c.rows)}`));

			$("captions").append(element);
			return element;
		}) : [];
	}

	resize() {
		const width = Math.max(1, this.box.clientWidth), height = Math.max(1, this.box.clientHeight);

		this.canvas.width = Math.round(width * this.ratio);
		this.canvas.height = Math.round(height * this.ratio);
		this.camera.resize(width, height);
		if (this.points.arrange(width, height)) {
			this.painter.load(this.points);
			this.camera.bounds = this.points.bounds;
			this.camera.fit();
		}
		this.paint();
	}

	/** Draw before the next frame; many calls make one frame. */
	change(moving = false) {
		this.moving = moving;
		if (!this.asked)
			this.asked = requestAnimationFrame(() => this.paint());
	}

	/**
	 * What part of the rows is drawn: all at rest; while the view moves, as many as the machine
	 * draws some 36 times a second.
	 */
	part() {
		const now = performance.now(), gap = now - this.last;

		clearTimeout(this.resting);
		this.last = now;
		if (!this.moving)
			return 1;
		if (gap < 200)
			this.gap += 0.3 * (gap - this.gap);
		if (this.gap > 29)
			this.share = Math.max(0.05, this.share * 0.85);
		else if (this.gap < 25)
			this.share = Math.min(1, this.share * 1.06);
		if (this.share < 1)
			this.resting = setTimeout(() => this.change(), 150);
		return this.share;
	}

	recolour() {
		this.painter.recolour();
		this.change();
	}

	size() {
		const zoom = Math.sqrt(this.camera.scale / this.camera.fitted);
		/* as much ink, whatever the number of rows and the size of the map */
		const fair = Math.sqrt(0.35 * this.camera.width * this.camera.height / Math.max(1, rows));
		const row = Math.max(1.5, Math.min(7, fair * 0.8) * Math.min(3, zoom));
		const room = Math.sqrt(0.06 * this.camera.width * this.camera.height / Math.max(1, index.length));

		return { row, opacity: shown.exemplars ? 0.5 : 0.8,
			exemplar: Math.max(row + 3, Math.min(10, Math.max(5, room)) * Math.min(1.6, Math.sqrt(zoom))) };
	}

	paint() {
		this.asked = 0;
		this.painter.draw(this.camera, this.size(), this.ratio, this.part());
		this.box.dataset.share = this.share.toFixed(2);
		this.captions.forEach((element, k) => {
			const [left, top] = this.points.corner(k), [px, py] = this.camera.toPixel(left, top);
			const wide = this.camera.scale;

			element.hidden = wide < 54 || !shown.class[k] || py < -20 || py > this.camera.height || px > this.camera.width || px + wide < 0;
			element.style.transform = `translate(${px.toFixed(1)}px, ${(py + 0.01 * wide).toFixed(1)}px)`;
			element.style.maxWidth = `${wide}px`;
			element.lastChild.hidden = wide < 150;
		});
		this.encircle();
		this.box.dataset.view = [this.camera.x, this.camera.y, this.camera.scale].map(v => v.toPrecision(6)).join(" ");
		this.frames = (this.frames || 0) + 1;
		this.box.dataset.frames = this.frames;
	}

	encircle() {
		const ring = $("ring"), i = this.row;

		ring.hidden = i < 0 || Number.isNaN(this.points.x[i]) || !this.points.isShown(i);
		if (!ring.hidden) {
			const [px, py] = this.camera.toPixel(this.points.x[i], this.points.y[i]);
			ring.style.transform = `translate(${px}px, ${py}px)`;
		}
	}

	/** Make @row the one that is told of; @aloud at once, or when the hand rests. */
	tell(row, aloud) {
		const at = rank.get(row), lines = [];
		let picture;

		if (row === this.row)
			return;
		this.row = row;
		this.encircle();
		if (hasClasses)
			lines.push(/^-?\d+$/.test(className(classOf[row])) ? `class ${className(classOf[row])}` : className(classOf[row]));
		if (at !== undefined)
			lines.push(`exemplar ${grouped(at + 1)} of ${grouped(index.length)}` +
				(weight ? `, stands for ${short(weight[at])} row${weight[at] === 1 ? "" : "s"}` : ""));
		picture = pictureOf(row);
		if (pictures && !picture)
			lines.push("its picture is not in this page");
		$("told").replaceChildren(make("b", {}, `Row ${grouped(row)}`),
			...lines.flatMap(line => [line, make("br")]));
		$("picture").hidden = !pictures;
		$("picture").setAttribute("aria-label", picture ? `Image in row ${row}` : "No picture");
		if (picture)
			picture[0].draw(picture[1], $("picture"), () => this.row === row);
		else
			$("picture").width = $("picture").width;
		this.say(`Row ${row}${lines.length ? ", " : ""}${lines.join(", ")}`, aloud);
	}

	say(text, aloud) {
		clearTimeout(this.saying);
		this.saying = setTimeout(() => { $("live").textContent = text; }, aloud ? 0 : 400);
	}

	/** Go to the exemplar of rank @at, with its place in the map. */
	visit(at) {
		const row = index[at];

		this.at = at;
		if (!Number.isNaN(this.points.x[row]))
			this.camera.visit(this.points.x[row], this.points.y[row], byClass ? 2 : 3);
		this.tell(row, true);
		this.change();
	}

	/** The next exemplar of a class that is shown. */
	step(by) {
		let at = this.at === undefined ? (by > 0 ? -1 : index.length) : this.at;

		for (let tries = 0; tries < index.length; tries++) {
			at = (at + by + index.length) % index.length;
			if (!classOf || shown.class[classOf[index[at]]])
				return this.visit(at);
		}
	}

	zoom(factor, px, py) {
		this.camera.zoom(factor, px, py);
		this.change(true);
	}

	whole() {
		this.camera.fit();
		this.change();
	}

	key(event) {
		const far = Math.min(this.camera.width, this.camera.height) * 0.12;
		const keys = {
			ArrowLeft: () => this.camera.pan(far, 0), ArrowRight: () => this.camera.pan(-far, 0),
			ArrowUp: () => this.camera.pan(0, far), ArrowDown: () => this.camera.pan(0, -far),
			"+": () => this.camera.zoom(1.3), "=": () => this.camera.zoom(1.3),
			"-": () => this.camera.zoom(1 / 1.3), "0": () => this.camera.fit(),
			n: () => this.step(1), p: () => this.step(-1),
		};
		const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];

		if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(".tools"))
			return;
		event.preventDefault();
		act();
		this.change(true);
	}

	where(event) {
		const box = this.canvas.getBoundingClientRect();

		return [event.clientX - box.left, event.clientY - box.top];
	}

	hover(event) {
		const [px, py] = this.where(event), [x, y] = this.camera.toWorld(px, py);
		const row = this.points.near(x, y, (event.pointerType === "touch" ? 24 : 12) / this.camera.scale);

		if (row >= 0)
			this.tell(row, false);
	}

	down(event) {
		if (event.target.closest(".tools"))
			return;
		this.fingers.set(event.pointerId, this.where(event));
		this.moved = false;
		this.box.setPointerCapture(event.pointerId);
	}

	/** One finger drags; two zoom about the point between them, and drag it. */
	move(event) {
		const before = this.fingers.get(event.pointerId), now = this.where(event);

		if (!before) {
			if (event.pointerType !== "touch" && !event.target.closest(".tools"))
				this.hover(event);
			return;
		}
		const others = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
		if (others.length) {
			const [ox, oy] = others[0], apart = p => Math.max(8, Math.hypot(p[0] - ox, p[1] - oy));

			this.camera.zoom(apart(now) / apart(before), (now[0] + ox) / 2, (now[1] + oy) / 2);
			this.camera.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
		} else {
			if (!this.moved && Math.hypot(now[0] - before[0], now[1] - before[1]) < 4)
				return;
			this.camera.pan(now[0] - before[0], now[1] - before[1]);
		}
		this.moved = true;
		this.box.classList.add("moving");
		this.fingers.set(event.pointerId, now);
		this.change(true);
	}

	up(event) {
		if (!this.fingers.delete(event.pointerId))
			return;
		if (!this.moved && event.type === "pointerup")
			this.hover(event);
		if (!this.fingers.size)
			this.box.classList.remove("moving");
	}

	listen() {
		const box = this.box;

		box.addEventListener("keydown", event => this.key(event));
		box.addEventListener("pointerdown", event => this.down(event));
		box.addEventListener("pointermove", event => this.move(event));
		box.addEventListener("pointerup", event => this.up(event));
		box.addEventListener("pointercancel", event => this.up(event));
		box.addEventListener("wheel", event => {
			event.preventDefault();
			this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...this.where(event));
		}, { passive: false });
		box.addEventListener("dblclick", event => {
			if (!event.target.closest(".tools"))
				this.zoom(2, ...this.where(event));
		});
		$("closer").addEventListener("click", () => this.zoom(1.5));
		$("farther").addEventListener("click", () => this.zoom(1 / 1.5));
		$("whole").addEventListener("click", () => this.whole());
		theme.listeners.push(() => this.recolour());
		addEventListener("beforeprint", () => this.forPaper(true));
		addEventListener("afterprint", () => this.forPaper(false));
	}

	/** Paper is white, and narrower than most windows; what is printed is what has been drawn. */
	forPaper(paper) {
		this.box.style.width = paper ? "460px" : "";
		this.box.style.height = paper ? "400px" : "";
		theme.set(paper);
		this.resize();
	}
}
