// Writes the HDR picture of each JPEG as linear light in 32-bit floats, and prints the size of picture and map.
import { writeFileSync } from "node:fs";
import sharp from "sharp";

for (const path of process.argv.slice(2)) {
  const { gainMap } = await sharp(path).metadata();
  const map = await sharp(gainMap.image).metadata();
  const { data, info } = await sharp(path)
    .withGainMap()
    .toColourspace("scrgb")
    .raw({ depth: "float" })
    .toBuffer({ resolveWithObject: true });
  writeFileSync(`${path}.raw`, data);
  console.log(info.width, info.height, info.channels, map.width, map.height);
}
