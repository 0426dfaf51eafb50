// SPDX-License-Identifier: GPL-2.0-only
// Points by WebGL 2.

const VERTEX = `#version 300 es
in vec2 at;
in float kind;
uniform vec2 centre, scale;
uniform float size;
uniform sampler2D palette;
flat out vec3 colour;
flat out int shape;
void main() {
	int k = int(kind), width = textureSize(palette, 0).x;
	vec4 p = texelFetch(palette, ivec2(k % width, k / width), 0);
	colour = p.rgb;
	shape = k / ${LIGHT.length} % 3;
	gl_Position = p.a > 0.0 ? vec4((at - centre) * scale, 0, 1) : vec4(2, 2, 2, 1);
	gl_PointSize = size;
}`;

// An exemplar is ringed by the colour of the field, then by that of the ink.
const FRAGMENT = `#version 300 es
precision highp float;
flat in vec3 colour;
flat in int shape;
uniform float size, opacity;
uniform vec3 field, ink;
uniform bool ringed;
out vec4 pixel;
void main() {
	vec2 p = abs(gl_PointCoord - 0.5) * size;
	float d = shape == 0 ? length(p) : shape == 1 ? max(p.x, p.y) * 1.12 : (p.x + p.y) * 0.85;
	float edge = size * 0.5 - d;
	float alpha = clamp(edge + 0.5, 0.0, 1.0) * opacity;
	if (alpha <= 0.0)
		discard;
	vec3 c = colour;
	if (ringed)
		c = mix(mix(ink, field, clamp(edge - 0.9, 0.0, 1.0)), colour, clamp(edge - 2.1, 0.0, 1.0));
	pixel = vec4(c * alpha, alpha);
}`;

function rgb(text) {
	return [1, 3, 5].map(i => parseInt(text.slice(i, i + 2), 16));
}

class GlPainter {
	constructor(canvas, points) {
		const gl = canvas.getContext("webgl2", { antialias: false, preserveDrawingBuffer: true, alpha: true });

		if (!gl)
			throw new Error("no WebGL 2");
		this.gl = gl;
		this.name = "webgl";
		this.program = this.link();
		gl.useProgram(this.program);
		this.where = {};
		for (const name of ["centre", "scale", "size", "opacity", "field", "ink", "ringed"])
			this.where[name] = gl.getUniformLocation(this.program, name);
		gl.enable(gl.BLEND);
		gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
		gl.clearColor(0, 0, 0, 0);
		this.load(points);
		gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
		this.recolour();
	}

	load(points) {
		this.all = this.upload(points, points.spread(), this.all);
		/* of better rank, drawn later */
		this.exemplars = this.upload(points, index.slice().reverse(), this.exemplars);
	}

	link() {
		const gl = this.gl, program = gl.createProgram();

		for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
			const shader = gl.createShader(type);

			gl.shaderSource(shader, text);
			gl.compileShader(shader);
			gl.attachShader(program, shader);
		}
		gl.bindAttribLocation(program, 0, "at");
		gl.bindAttribLocation(program, 1, "kind");
		gl.linkProgram(program);
		if (!gl.getProgramParameter(program, gl.LINK_STATUS))
			throw new Error(gl.getProgramInfoLog(program));
		return program;
	}

	/** Rows of a list that have a place. */
	upload(points, list, old) {
		const gl = this.gl, from = new Float32Array(3 * list.length);
		let n = 0;

		for (const i of list) {
			if (Number.isNaN(points.x[i]))
				continue;
			from[3 * n] = points.x[i];
			from[3 * n + 1] = points.y[i];
			from[3 * n++ + 2] = classOf ? classOf[i] : 0;
		}
		const { array, buffer } = old || { array: gl.createVertexArray(), buffer: gl.createBuffer() };
		gl.bindVertexArray(array);
		gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
		gl.bufferData(gl.ARRAY_BUFFER, from.subarray(0, 3 * n), gl.STATIC_DRAW);
		gl.enableVertexAttribArray(0);
		gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 12, 0);
		gl.enableVertexAttribArray(1);
		gl.vertexAttribPointer(1, 1, gl.FLOAT, false, 12, 8);
		return { array, buffer, n };
	}

	/** Colours, and by alpha which classes are shown. */
	recolour() {
		const gl = this.gl, n = Math.max(1, classes.length), width = Math.min(n, 256), height = Math.ceil(n / width);
		const palette = new Uint8Array(4 * width * height);

		for (let c = 0; c < n; c++)
			palette.set([...rgb(colour(c)), !hasClasses || shown.class[c] ? 255 : 0], 4 * c);
		gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, palette);
		gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
		gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
		gl.uniform3fv(this.where.field, rgb(theme.dark ? "#0a0f12" : "#ffffff").map(v => v / 255));
		gl.uniform3fv(this.where.ink, rgb(theme.dark ? "#e8edf0" : "#15202b").map(v => v / 255));
	}

	/** @share of all rows, and all exemplars. */
	draw(camera, size, ratio, share) {
		const gl = this.gl, w = this.where;

		gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
		gl.clear(gl.COLOR_BUFFER_BIT);
		gl.uniform2f(w.centre, camera.x, camera.y);
		gl.uniform2f(w.scale, 2 * camera.scale / camera.width, 2 * camera.scale / camera.height);
		for (const [what, on, points, opacity, part] of [
			[this.all, shown.rows, size.row, size.opacity, share], [this.exemplars, shown.exemplars, size.exemplar, 1, 1]]) {
			if (!on)
				continue;
			gl.uniform1f(w.size, points * ratio);
			gl.uniform1f(w.opacity, opacity);
			gl.uniform1i(w.ringed, what === this.exemplars);
			gl.bindVertexArray(what.array);
			gl.drawArrays(gl.POINTS, 0, Math.ceil(what.n * part));
		}
	}
}
