/** RFC 7396, both ways: most versions of an object differ from the one before by a few fields of its status. */

type Fields = Readonly<Record<string, unknown>>;

/** What turns `before` into `after`. Lists are replaced as wholes; a null in `after` means that the field is absent. */
export function patchBetween(before: Fields, after: Fields): Fields {
  const patch: Record<string, unknown> = {};
  for (const name of Object.keys(before)) if (!present(after[name])) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    if (!present(value)) continue;
    const old = before[name];
    if (isFields(value)) {
      const inner = patchBetween(isFields(old) ? old : {}, value);
      if (!isFields(old) || Object.keys(inner).length > 0) patch[name] = inner;
    } else if (JSON.stringify(old) !== JSON.stringify(value)) {
      patch[name] = value;
    }
  }
  return patch;
}

export function patched(before: Fields, patch: Fields): Fields {
  const after: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(patch)) {
    const old = after[name];
    if (value === null) delete after[name];
    else after[name] = isFields(value) ? patched(isFields(old) ? old : {}, value) : value;
  }
  return after;
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
