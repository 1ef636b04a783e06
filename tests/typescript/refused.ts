// Values that the types refuse. A line that compiles is an error here.
import type { components, paths } from "./progimage.js";

type Change = components["schemas"]["PatchedChangeRequest"];
type Image = components["schemas"]["Image"];
type Operation = components["schemas"]["Operation"];
type RenditionQuery = NonNullable<
  paths["/images/{image_id}.{extension}"]["get"]["parameters"]["query"]
>;

// @ts-expect-error: a name with a typing error
export const misspelled: Operation = { op: "resize", widht: 300 };
// @ts-expect-error: no such operation
export const unknown: Operation = { op: "solarize" };
// @ts-expect-error: composite needs its other image
export const incomplete: Operation = { op: "composite" };
// @ts-expect-error: not one of the fits
export const query: RenditionQuery = { fit: "stretch" };
// @ts-expect-error: a point has two coordinates
export const change: Change = { focal_point: { x: 0.5 } };
// @ts-expect-error: an image has no thumbnail among its URLs
export const thumbnail = (image: Image): string => image.urls.thumbnail;
// @ts-expect-error: an image may have no focal point
export const x = (image: Image): number => image.focal_point.x;
