// SPDX-License-Identifier: GPL-2.0-only
// Rows in the world: one plane, or one for each class, side by side; and which of them is near.

class Points {
	constructor(width, height) {
		const panels = byClass ? classes.length : 1;

		this.panels = panels;
		this.x = new Float32Array(rows);
		this.y = new Float32Array(rows);
		this.arrange(width, height);
	}

	/** Panels in as many columns as make them largest in a map of that size; whether that is news. */
	arrange(width, height) {
		let across = 1, largest = 0;

		for (let n = 1; n <= this.panels; n++) {
			const side = Math.min(width / n / 1.06, height / Math.ceil(this.panels / n) / 1.16);

			if (side > largest) {
				largest = side;
				across = n;
			}
		}
		/* for a caption, whose letters are as large whatever the panel */
		const head = byClass ? Math.min(0.4, Math.max(0.08, 20 / largest)) : 0;
		if (across === this.across && Math.abs(head - this.head) < 0.02)
			return false;
		this.head = head;
		this.pitch = 1.06 + head;
		this.across = across;
		this.down = Math.ceil(this.panels / across);
		this.bounds = [-0.02, -this.down * this.pitch + 0.04, across * 1.06 - 0.04, 0.03];
		this.place();
		this.sort();
		return true;
	}

	/** Each panel's rows fill a square of side 1, beneath its caption. */
	place() {
		const low = [], high = [];

		for (let p = 0; p < this.panels; p++) {
			low.push([Infinity, Infinity]);
			high.push([-Infinity, -Infinity]);
		}
		for (let i = 0; i < rows; i++) {
			const p = byClass ? classOf[i] : 0;

			for (let a = 0; a < 2 && plane[2 * i] !== NOWHERE; a++) {
				low[p][a] = Math.min(low[p][a], plane[2 * i + a]);
				high[p][a] = Math.max(high[p][a], plane[2 * i + a]);
			}
		}
		for (let i = 0; i < rows; i++) {
			const p = byClass ? classOf[i] : 0;
			const extent = Math.max(1, high[p][0] - low[p][0], high[p][1] - low[p][1]);
			const [left, top] = this.corner(p);

			if (plane[2 * i] === NOWHERE) {
				this.x[i] = this.y[i] = NaN;
				continue;
			}
			this.x[i] = left + 0.5 + (plane[2 * i] - (low[p][0] + high[p][0]) / 2) / extent;
			this.y[i] = top - this.head - 0.5 + (plane[2 * i + 1] - (low[p][1] + high[p][1]) / 2) / extent;
		}
	}

	/** The rows in an order of which any beginning is spread over all. */
	spread() {
		const order = new Uint32Array(rows);
		let step = Math.max(1, Math.round(rows * 0.6180339887)), at = 0;

		const common = (a, b) => b ? common(b, a % b) : a;
		while (common(step, rows) > 1)
			step++;
		for (let i = 0; i < rows; i++, at = (at + step) % rows)
			order[i] = at;
		return order;
	}

	corner(panel) {
		return [panel % this.across * 1.06, -Math.floor(panel / this.across) * this.pitch];
	}

	isShown(i) {
		return (!classOf || shown.class[classOf[i]]) && (shown.rows || shown.exemplars && rank.has(i));
	}

	/** Rows by cells of the world, for near(). */
	sort() {
		const [left, bottom, right, top] = this.bounds;

		this.cell = Math.sqrt((right - left) * (top - bottom) / Math.max(1, rows / 3));
		this.columns = Math.ceil((right - left) / this.cell) + 1;
		this.lines = Math.ceil((top - bottom) / this.cell) + 1;
		const at = new Int32Array(rows).fill(-1), start = new Uint32Array(this.columns * this.lines + 1);
		for (let i = 0; i < rows; i++) {
			if (Number.isNaN(this.x[i]))
				continue;
			at[i] = Math.floor((this.y[i] - bottom) / this.cell) * this.columns +
				Math.floor((this.x[i] - left) / this.cell);
			start[at[i] + 1]++;
		}
		for (let c = 0; c + 1 < start.length; c++)
			start[c + 1] += start[c];
		this.start = start.slice();
		this.sorted = new Uint32Array(start[start.length - 1]);
		for (let i = 0; i < rows; i++)
			if (at[i] >= 0)
				this.sorted[start[at[i]]++] = i;
	}

	/** The row within @radius of a place in the world that is nearest; exemplars before others; -1. */
	near(x, y, radius) {
		const [left, bottom] = this.bounds;
		const clamp = (v, n) => Math.max(0, Math.min(n - 1, Math.floor(v / this.cell)));
		const x0 = clamp(x - radius - left, this.columns), x1 = clamp(x + radius - left, this.columns);
		const y0 = clamp(y - radius - bottom, this.lines), y1 = clamp(y + radius - bottom, this.lines);
		let best = -1, least = radius * radius;

		for (let line = y0; line <= y1; line++)
			for (let k = this.start[line * this.columns + x0]; k < this.start[line * this.columns + x1 + 1]; k++) {
				const i = this.sorted[k], dx = this.x[i] - x, dy = this.y[i] - y;
				let d = dx * dx + dy * dy;

				if (shown.exemplars && rank.has(i))
					d /= 9;
				if (d < least && this.isShown(i)) {
					least = d;
					best = i;
				}
			}
		return best;
	}
}
