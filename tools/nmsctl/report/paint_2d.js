// SPDX-License-Identifier: GPL-2.0-only
// Points by a 2D canvas, where there is no WebGL 2.

class FlatPainter {
	constructor(canvas, points) {
		this.name = "2d";
		this.context = canvas.getContext("2d");
		this.points = points;
		this.byClass = Array.from({ length: Math.max(1, classes.length) }, () => []);
		for (const i of points.spread())
			if (!Number.isNaN(points.x[i]))
				this.byClass[classOf ? classOf[i] : 0].push(i);
	}

	recolour() {}

	load() {}

	/** @share of the rows of each class, and all exemplars. */
	draw(camera, size, ratio, share) {
		const c = this.context, { x, y } = this.points;

		c.setTransform(ratio, 0, 0, ratio, 0, 0);
		c.clearRect(0, 0, camera.width, camera.height);
		c.globalAlpha = size.opacity;
		this.byClass.forEach((list, k) => {
			if (!shown.rows || hasClasses && !shown.class[k])
				return;
			const { scale, width, height } = camera, half = size.row / 2;
			const left = width / 2 - camera.x * scale - half, top = height / 2 + camera.y * scale - half;
			c.fillStyle = colour(k);
			for (let n = 0, end = Math.ceil(list.length * share); n < end; n++) {
				const i = list[n], px = left + x[i] * scale, py = top - y[i] * scale;

				if (px > -size.row && py > -size.row && px < width && py < height)
					c.fillRect(px, py, size.row, size.row);
			}
		});
		c.globalAlpha = 1;
		for (let k = index.length - 1; shown.exemplars && k >= 0; k--)
			this.exemplar(camera, index[k], size.exemplar / 2);
	}

	exemplar(camera, i, radius) {
		const k = classOf ? classOf[i] : 0, c = this.context;
		const [px, py] = camera.toPixel(this.points.x[i], this.points.y[i]);

		if (Number.isNaN(px) || hasClasses && !shown.class[k])
			return;
		for (const [style, less] of [[theme.dark ? "#e8edf0" : "#15202b", 0], [theme.dark ? "#0a0f12" : "#ffffff", 0.9], [colour(k), 2]]) {
			c.fillStyle = style;
			c.beginPath();
			c.arc(px, py, Math.max(0.5, radius - less), 0, 7);
			c.fill();
		}
	}
}
