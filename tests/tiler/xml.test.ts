import { describe, expect, it } from "vitest";
import { parseXml } from "../../src/tiler/xml.ts";

describe("a vendor's XML", () => {
  it("is read without the pictures that stand in it", () => {
    const picture = "QUJD".repeat(2048);
    expect(parseXml(`<a Name="x"><b>${picture}</b><c>kept</c></a>`)).toEqual({
      name: "a",
      attributes: { Name: "x" },
      text: "",
      children: [
        { name: "b", attributes: {}, children: [], text: "" },
        { name: "c", attributes: {}, children: [], text: "kept" },
      ],
    });
  });

  it("ends in an error where runs just too short for pictures follow one another", () => {
    expect(() => parseXml(`${"A".repeat(4095)}<`.repeat(4096))).toThrow("more than the");
  });

  it("is refused where it declares a document type", () => {
    expect(() => parseXml('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')).toThrow("document type");
  });
});
