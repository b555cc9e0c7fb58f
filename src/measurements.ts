/** What every object is measured by, where it is kept, exported and shown. */
export interface Measurement {
  /** The member of an Instance. */
  readonly field:
    | "areaUm2"
    | "perimeterUm"
    | "circularity"
    | "predictedIou"
    | "stabilityScore"
    | "hematoxylinOd";
  /** QuPath's own name and spelling where it has the same measurement. */
  readonly name: string;
  /** Decimals that are kept; what is finer says nothing. */
  readonly decimals: number;
}

/** The measurements, in the order in which they are written. */
export const MEASUREMENTS: readonly Measurement[] = [
  { field: "areaUm2", name: "Area µm^2", decimals: 3 },
  { field: "perimeterUm", name: "Perimeter µm", decimals: 3 },
  { field: "circularity", name: "Circularity", decimals: 4 },
  { field: "predictedIou", name: "Predicted IoU", decimals: 4 },
  { field: "stabilityScore", name: "Stability", decimals: 4 },
  { field: "hematoxylinOd", name: "Hematoxylin OD mean", decimals: 4 },
];
