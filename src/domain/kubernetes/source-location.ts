/** A place in the repository that a person can open and edit. `file` is relative to the repository root, `line` starts at 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
}

/** A path into an object: field names and list indexes, `['spec','template','spec','containers',0,'image']`. */
export type FieldPath = readonly (string | number)[];
