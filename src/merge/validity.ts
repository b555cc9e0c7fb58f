export {
  isValidPolygon,
  type PolygonFault,
  polygonFault,
  roundedFault,
} from "../polygon-validity.ts";
