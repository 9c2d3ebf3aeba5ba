import * as Switch from "@radix-ui/react-switch";
import { memo, useId, useState } from "react";
import { Link } from "wouter";
import { explain } from "@/api/problem";
import { useChangeSimulation, useSimulation } from "@/api/queries";

/** The simulated attack in one line: which, and on or off. Absent where Weir has no simulator. */
export const AttackSwitch = memo(function AttackSwitch() {
  const { data } = useSimulation();
  const change = useChangeSimulation();
  const [wanted, setWanted] = useState<string | null>(null);
  const id = useId();
  if (!data || data.scenarios.length === 0) return null;
  const on = data.attack !== null;
  const scenario = data.attack ?? wanted ?? data.scenarios[0]?.name ?? "";
  const silent = !data.running || data.rate === 0;
  return (
    <div className="attack-switch">
      <Link href="/simulation" className="quiet only-desk">
        Play an attack
      </Link>
      <label className="sr" htmlFor={`${id}-which`}>
        Which attack
      </label>
      <select
        id={`${id}-which`}
        className="field"
        value={scenario}
        onChange={(e) => {
          setWanted(e.target.value);
          // While one is playing, choosing another plays that one.
          if (on) change.mutate({ attack: e.target.value });
        }}
      >
        {data.scenarios.map((s) => (
          <option key={s.name} value={s.name}>
            {s.label}
          </option>
        ))}
      </select>
      <Switch.Root
        className="switch"
        checked={on}
        disabled={silent}
        aria-label={on ? "Stop the simulated attack" : "Play the simulated attack"}
        onCheckedChange={(now) => change.mutate({ attack: now ? scenario : null })}
      >
        <Switch.Thumb />
      </Switch.Root>
      <span className={on ? "strong on-word" : "quiet on-word"}>{silent ? "no traffic" : on ? "playing" : "off"}</span>
      {change.isError && (
        <span role="alert" className="soft">
          {explain(change.error, "a change of the simulation").happened}
        </span>
      )}
    </div>
  );
});
