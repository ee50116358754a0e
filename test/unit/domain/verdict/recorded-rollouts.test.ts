import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseStory, storyText } from '../../../../testbed/recorder/story.ts';
import { evidenceAt, readExpected } from '../../../support/rollout/expected-ending.ts';
import { outcomeOf, readStory, replay, storyNames } from '../../../support/rollout/recorded-story.ts';

test('there are at least fifteen stories, sound ones and failing ones', () => {
  expect(storyNames.length).toBeGreaterThanOrEqual(15);
  expect(new Set(storyNames.map((name) => readExpected(name).outcome === 'passed')).size).toBe(2);
});

describe.each(storyNames)('%s', (name) => {
  const story = readStory(name);
  const expected = readExpected(name);

  test('ends as it must, at the moment at which it can be known', () => {
    const { verdict, at } = replay(story);
    expect(outcomeOf(verdict)).toBe(expected.outcome);
    const sentences = verdict.state === 'failed' ? verdict.failures.map(({ message }) => message) : [];
    for (const word of expected.cause) expect(sentences.join('\n')).toContain(word);
    const due = evidenceAt(story.changes, expected.evidence) + expected.after * 1000;
    expect(at - story.startedAt).toBe(due - story.startedAt);
  });

  test('tells nothing of where it was recorded, and little else', () => {
    const text = storyText(story);
    expect(parseStory(text)).toEqual(story);
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-|managedFields|kube-api-access-(?!x)|127\.0\.0\.1:\d/);
    const years = new Set(text.match(/\b20\d\d-\d\d-\d\d(?=T)/g));
    expect([...years].filter((day) => !/^202(5-12-31|6-01-0[12])$/.test(day))).toEqual([]);
    expect(statSync(join(import.meta.dirname, '../../../rollouts', `${name}.json`)).size).toBeLessThan(
      70_000,
    );
  });
});
