/** Values in the course of three releases: the one that stays, the one that fails, and the one that may follow it. */
import fc, { type Arbitrary } from 'fast-check';

export type Course<T> = readonly [before: T, failing: T, following: T];

/** Each later release keeps the value in half of the cases. */
export function course<T>(value: Arbitrary<T>): Arbitrary<Course<T>> {
  return fc
    .tuple(value, value, value, fc.boolean(), fc.boolean())
    .map(([before, failing, following, same, again]): Course<T> => {
      const second = same ? before : failing;
      return [before, second, again ? second : following];
    });
}

/** Fields that change apart from each other. */
export function courseOf<T extends object>(
  fields: {
    readonly [Name in keyof T]: Arbitrary<Course<T[Name]>>;
  },
): Arbitrary<Course<T>> {
  // Of each field by itself: the library's type of a record would lose which value belongs to which name.
  const courses: Arbitrary<Readonly<Record<string, Course<unknown>>>> = fc.record(
    fields as Readonly<Record<string, Arbitrary<Course<unknown>>>>,
  );
  return courses.map((record): Course<T> => {
    const at = (release: 0 | 1 | 2): T =>
      Object.fromEntries(Object.entries(record).map(([name, values]) => [name, values[release]])) as T;
    return [at(0), at(1), at(2)];
  });
}

export function mapCourse<T, U>(values: Course<T>, change: (value: T) => U): Course<U> {
  return [change(values[0]), change(values[1]), change(values[2])];
}

/** Where an object is: in most cases in all three, else it is added, removed, or comes back. */
export const presence: Arbitrary<Course<boolean>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Course<boolean>>([true, true, true]) },
  { weight: 3, arbitrary: fc.constant<Course<boolean>>([false, true, true]) },
  { weight: 2, arbitrary: fc.constant<Course<boolean>>([true, false, false]) },
  { weight: 2, arbitrary: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()) },
);

export function optional<T>(value: Arbitrary<T>): Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

/** Some of these, in any order. */
export function someOf<T>(...values: readonly T[]): Arbitrary<T[]> {
  return fc.shuffledSubarray([...values]);
}

/** A map of some of these names. */
export function mapOf<T>(
  names: readonly string[],
  value: Arbitrary<T>,
): Arbitrary<Readonly<Record<string, T>>> {
  return fc.dictionary(fc.constantFrom(...names), value, { maxKeys: names.length });
}
