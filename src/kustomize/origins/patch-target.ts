/** Whether a patch applies to an object: `target` selectors, and what a strategic merge patch names itself. */
import { isMap, type Node } from 'yaml';
import { groupOf, type KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { fieldOf, textOfNode, type YamlSource } from '../files/yaml-source.ts';

interface PatchSubject {
  readonly object: KubernetesObject;
  readonly names: ReadonlySet<string>;
}

/**
 * A `target` (or the `select` of a replacement); its fields are anchored regular expressions. Its namespace is
 * ignored: a transformer may have changed the object's since.
 */
export function isSelected(source: YamlSource, target: Node, { object, names }: PatchSubject): boolean {
  const field = (key: string): string | undefined => textOfNode(fieldOf(source, target, key));
  const [, version = object.apiVersion] = object.apiVersion.split('/');
  const { labels, annotations } = object.metadata;
  return (
    matches(field('group'), [groupOf(object.apiVersion)]) &&
    matches(field('version'), [version]) &&
    matches(field('kind'), [object.kind]) &&
    matches(field('name'), [...names]) &&
    hasLabels(field('labelSelector'), labels ?? {}) &&
    hasLabels(field('annotationSelector'), annotations ?? {})
  );
}

/** A strategic merge patch names its object by kind, group and name. */
export function namesSubject(source: YamlSource, root: Node, { object, names }: PatchSubject): boolean {
  const name = textOfNode(fieldOf(source, fieldOf(source, root, 'metadata'), 'name'));
  const apiVersion = textOfNode(fieldOf(source, root, 'apiVersion')) ?? '';
  return (
    isMap(root) &&
    textOfNode(fieldOf(source, root, 'kind')) === object.kind &&
    groupOf(apiVersion) === groupOf(object.apiVersion) &&
    name !== undefined &&
    names.has(name)
  );
}

function matches(pattern: string | undefined, values: readonly string[]): boolean {
  if (pattern === undefined || pattern === '') return true;
  if (values.includes(pattern)) return true;
  try {
    const expression = new RegExp(`^(?:${pattern})$`);
    return values.some((value) => expression.test(value));
  } catch {
    return false;
  }
}

/** `a=b,c!=d,e,!f`; set-based requirements count as met, since only a source location depends on it. */
function hasLabels(selector: string | undefined, labels: Readonly<Record<string, string>>): boolean {
  if (selector === undefined || selector === '' || selector.includes('(')) return true;
  return selector.split(',').every((requirement) => {
    const [, key = '', operator, value = ''] = /^([^=!]+?)\s*(==?|!=)\s*(.*)$/.exec(requirement.trim()) ?? [];
    if (operator === '!=') return labels[key] !== value;
    if (operator !== undefined) return labels[key] === value;
    const plain = requirement.trim();
    return plain.startsWith('!') ? !(plain.slice(1) in labels) : plain in labels;
  });
}
