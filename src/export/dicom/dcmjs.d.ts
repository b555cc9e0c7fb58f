/** What is used of dcmjs: its dictionary, and its writer of data sets. */
declare module "dcmjs" {
  export interface TaggedElement {
    readonly vr: string;
    readonly Value: readonly unknown[];
  }

  export class WriteBufferStream {
    constructor(size: number, littleEndian: boolean);
    getBuffer(): ArrayBuffer;
  }

  export class DicomDict {
    constructor(meta: Record<string, TaggedElement>);
    dict: Record<string, TaggedElement>;
    write(options: object): ArrayBuffer;
  }

  const dcmjs: {
    readonly data: {
      readonly WriteBufferStream: typeof WriteBufferStream;
      readonly DicomDict: typeof DicomDict;
      readonly DicomMetaDictionary: {
        /** By keyword. */
        readonly nameMap: Readonly<
          Record<string, { readonly tag: string; readonly vr: string } | undefined>
        >;
      };
      readonly DicomMessage: {
        write(
          elements: Record<string, TaggedElement>,
          stream: WriteBufferStream,
          transferSyntax: string,
          options: object,
        ): number;
      };
    };
  };
  export default dcmjs;
}
