import type { WorkloadReport } from '../../domain/verdict/workload-report.ts';
import { progressLines } from '../../report/log/progress.ts';
import type { Run } from '../run/context.ts';

const minPause = 1000;

/** Lines at each interval, and sooner (not more than each second) when a workload becomes current or fails. */
export class Progress {
  nextAt: number;
  private readonly run: Run;
  private last: string;
  private shownAt: number;

  constructor(run: Run) {
    this.run = run;
    this.nextAt = run.clock.now() + run.settings.progressInterval;
    this.last = '';
    this.shownAt = 0;
  }

  show(workloads: readonly WorkloadReport[], now: number): void {
    const states = workloads.map((workload) => workload.state).join();
    const news = states !== this.last && now >= this.shownAt + minPause;
    if (now < this.nextAt && !news) return;
    this.last = states;
    this.shownAt = now;
    this.nextAt = now + this.run.settings.progressInterval;
    for (const line of progressLines(workloads, this.run.logClock())) this.run.log.line(line);
  }
}
