// One job of sharp: `node sharp_worker.mjs JOB SOURCE TARGET`. A line on stdin does it once; the answer is
// wall ms, and CPU ms over all threads.
import { createInterface } from "node:readline";
import sharp from "sharp";

const [, , job, source, target, other] = process.argv;
sharp.cache(false);
const cover = (width, height) => ({ width, height, fit: "cover" });
const circle = (width, height) =>
  Buffer.from(`<svg width="${width}" height="${height}"><circle cx="${width / 2}" cy="${height / 2}" r="${Math.min(width, height) / 2}"/></svg>`);

const jobs = {
  "thumbnail": () => sharp(source).resize(cover(300, 300)).jpeg({ quality: 80 }),
  "compress": () => sharp(source).jpeg({ quality: 70 }),
  "rotate": () => sharp(source).rotate(90).jpeg({ quality: 80 }),
  "grayscale": () => sharp(source).grayscale().jpeg({ quality: 80 }),
  "blur": () => sharp(source).blur(5).jpeg({ quality: 80 }),
  "mask": () => sharp(source).composite([{ input: circle(1600, 1200), blend: "dest-in" }]).png(),
  "webp": () => sharp(source).webp({ quality: 80 }),
  "avif": () => sharp(source).resize(1200).avif({ quality: 60, effort: 0 }),
  "resize webp": () => sharp(source).resize(1600).webp({ quality: 79 }),
  "crop": () => sharp(source).extract({ left: 500, top: 500, width: 3000, height: 2000 }).resize(800)
    .sharpen({ sigma: 1 }).jpeg({ quality: 80 }),
  "tone": () => sharp(source).resize(1200).linear(1.2, -12).modulate({ saturation: 1.3 }).jpeg({ quality: 80 }),
  "watermark": () => sharp(source).resize(1200).composite([{ input: other, gravity: "southeast" }]).jpeg({ quality: 80 }),
  "tilt": () => sharp(source).resize(1200).rotate(12, { background: "#ffffff" }).jpeg({ quality: 80 }),
  "trim": () => sharp(source).trim({ threshold: 10 }).resize(800).jpeg({ quality: 80 }),
};

for await (const _ of createInterface({ input: process.stdin })) {
  const wall = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  await jobs[job]().toFile(target);
  const used = process.cpuUsage(cpu);
  const wallMs = Number(process.hrtime.bigint() - wall) / 1e6;
  console.log(JSON.stringify([wallMs, (used.user + used.system) / 1e3]));
}
