// SPDX-License-Identifier: GPL-2.0-only
// Small pictures of rows, many to a PNG, which is decoded when one of them is wanted.

class Sheets {
	constructor(name, about) {
		this.name = name;
		this.about = about;
		this.urls = [];
		this.images = [];
	}

	/** Where picture @i lies: its sheet, how that is divided, and the place. */
	place(i) {
		const { per_sheet, count, columns } = this.about;
		const sheet = Math.floor(i / per_sheet), at = i % per_sheet;
		const held = Math.min(per_sheet, count - sheet * per_sheet);
		const across = Math.min(columns, held);

		return { sheet, across, down: Math.ceil(held / across), column: at % across, line: Math.floor(at / across) };
	}

	url(sheet) {
		if (!this.urls[sheet])
			this.urls[sheet] = URL.createObjectURL(
				new Blob([fromBase64(`${this.name}-${sheet}`)], { type: "image/png" }));
		return this.urls[sheet];
	}

	image(sheet) {
		if (!this.images[sheet]) {
			const image = new Image();

			image.src = this.url(sheet);
			this.images[sheet] = image.decode().then(() => image);
		}
		return this.images[sheet];
	}

	async draw(i, canvas, wanted) {
		const { width, height } = this.about, p = this.place(i);
		const image = await this.image(p.sheet);

		if (!wanted())
			return;
		canvas.width = width;
		canvas.height = height;
		canvas.getContext("2d").drawImage(image, p.column * width, p.line * height, width, height,
			0, 0, width, height);
		canvas.dataset.drawn = `${this.name} ${i}`;
	}

	/** As the background of @element, whatever its size. */
	paint(i, element) {
		const { width, height } = this.about, p = this.place(i);
		const part = (at, of) => of > 1 ? 100 * at / (of - 1) : 0;

		element.style.aspectRatio = `${width} / ${height}`;
		element.style.backgroundImage = `url("${this.url(p.sheet)}")`;
		element.style.backgroundSize = `${100 * p.across}% ${100 * p.down}%`;
		element.style.backgroundPosition = `${part(p.column, p.across)}% ${part(p.line, p.down)}%`;
	}
}

const pictures = data.pictures ? {
	exemplars: new Sheets("exemplars", data.pictures.exemplars),
	rows: new Sheets("rows", data.pictures.rows),
	list: numbers("pictured", Uint32Array),	/* null: all rows have one */
} : null;

/** The best picture of @row that there is: [sheets, number], or null. */
function pictureOf(row) {
	const at = rank.get(row);

	if (!pictures)
		return null;
	if (at !== undefined && at < pictures.exemplars.about.count)
		return [pictures.exemplars, at];
	if (!pictures.list)
		return [pictures.rows, row];
	let low = 0, high = pictures.list.length;
	while (low < high) {
		const middle = (low + high) >> 1;

		if (pictures.list[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	return pictures.list[low] === row ? [pictures.rows, low] : null;
}
