// SPDX-License-Identifier: GPL-2.0-only
// From the world, in which a plane is about 1 wide, to the pixels of the map and back.

class Camera {
	constructor(bounds) {
		this.bounds = bounds;	/* left, bottom, right, top */
		this.width = this.height = 1;
		this.fit();
	}

	get fitted() {
		const [left, bottom, right, top] = this.bounds;

		return Math.min(this.width / (right - left), this.height / (top - bottom)) * 0.97;
	}

	fit() {
		const [left, bottom, right, top] = this.bounds;

		this.x = (left + right) / 2;
		this.y = (bottom + top) / 2;
		this.scale = this.fitted;
	}

	resize(width, height) {
		const whole = this.scale === this.fitted;

		this.width = width;
		this.height = height;
		if (whole)
			this.fit();
	}

	toPixel(x, y) {
		return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
	}

	toWorld(px, py) {
		return [this.x + (px - this.width / 2) / this.scale, this.y - (py - this.height / 2) / this.scale];
	}

	/** What is in the middle stays among the points. */
	hold() {
		const [left, bottom, right, top] = this.bounds;

		this.x = Math.min(right, Math.max(left, this.x));
		this.y = Math.min(top, Math.max(bottom, this.y));
	}

	pan(dx, dy) {
		this.x -= dx / this.scale;
		this.y += dy / this.scale;
		this.hold();
	}

	/** What lies under the pixel stays there. */
	zoom(factor, px = this.width / 2, py = this.height / 2) {
		const [x, y] = this.toWorld(px, py);

		this.scale = Math.min(this.fitted * 400, Math.max(this.fitted * 0.5, this.scale * factor));
		this.x = x - (px - this.width / 2) / this.scale;
		this.y = y + (py - this.height / 2) / this.scale;
		this.hold();
	}

	/** Have a point in the middle, and closer than before if that was far. */
	visit(x, y, factor) {
		this.x = x;
		this.y = y;
		this.scale = Math.max(this.scale, this.fitted * factor);
	}
}
