import { textAt } from '../fields.ts';
import type { KubernetesObject } from '../objects.ts';
import { unsettled } from './generic.ts';
import { current, failed, progressing, type Status } from './status.ts';

/** Argo's Workflow runs to its end, as a Job does, and says how in `status.phase`. Without one it has not been seen yet. */
export function argoWorkflowStatus(workflow: KubernetesObject): Status {
  const phase = textAt(workflow, 'status', 'phase') ?? '';
  const said = textAt(workflow, 'status', 'message') ?? '';
  if (phase === 'Succeeded') return current('succeeded', 'complete');
  if (phase === 'Failed' || phase === 'Error')
    return failed('failed', said === '' ? 'failed' : `failed: ${said}`);
  return unsettled(workflow) ?? progressing(phase === 'Running' ? 'running' : 'pending', 'not done yet');
}
