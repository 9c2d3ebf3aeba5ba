import * as Switch from "@radix-ui/react-switch";
import { useEffect, useId, useState } from "react";
import { Link } from "wouter";
import { useChangeSimulation, useSimulation } from "@/api/queries";
import { plural, whole } from "@/lib/format";
import { TroubleNote } from "@/parts/Trouble";

/** The slider is for the everyday; the field beside it takes any rate. */
const SLIDER_TOP = 10_000;

export function SimulationPage() {
  const simulation = useSimulation();
  const change = useChangeSimulation();
  const id = useId();
  const s = simulation.data;
  if (!s)
    return (
      <div className="wrap section">
        {simulation.isError ? <TroubleNote error={simulation.error} what="the simulation" again={() => void simulation.refetch()} /> : <p className="waiting">Asking the simulator</p>}
      </div>
    );
  const flowing = s.running && s.rate > 0;
  const playing = s.scenarios.find((x) => x.name === s.attack);
  return (
    <>
      <div className="page-hero">
        <h1 className="page-title">
          {flowing ? `Simulated traffic: ${plural(s.rate, "event")} a second.` : "The simulator sends nothing."}
          <br />
          {s.attack === null ? "No attack is being played." : `An attack is being played: ${(playing?.label ?? s.attack).toLowerCase()}.`}
        </h1>
        <div className="under">
          <span className="prose">
            None of it is real. A made-up service with people, devices and habits, so that you see what Weir does; its addresses and names are
            reserved for examples. Real events can arrive beside it.
          </span>
        </div>
      </div>
      {change.isError && (
        <div className="wrap">
          <TroubleNote error={change.error} what="a change of the simulation" />
        </div>
      )}
      <section className="wrap section tight" aria-labelledby={`${id}-traffic`}>
        <h2 id={`${id}-traffic`} className="sr">
          Traffic
        </h2>
        <div className="controls">
          <label className="strong" htmlFor={`${id}-run`}>
            Traffic
          </label>
          <div className="line">
            <Switch.Root id={`${id}-run`} className="switch" checked={s.running} onCheckedChange={(running) => change.mutate({ running })}>
              <Switch.Thumb />
            </Switch.Root>
            <span className="soft">{s.running ? "on" : "off"}</span>
          </div>
          <label className="strong" htmlFor={`${id}-rate`}>
            Events a second
          </label>
          <Rate key={s.rate} id={`${id}-rate`} rate={s.rate} set={(rate) => change.mutate({ rate })} />
        </div>
      </section>
      <section className="wrap section" aria-labelledby={`${id}-attacks`}>
        <div className="head">
          <h2 id={`${id}-attacks`}>Attacks</h2>
          <span className="quiet">
            one at a time; it begins within a second and shows on <Link className="link" href="/">Home</Link> within seconds
          </span>
        </div>
        <ul className="scenarios">
          {s.scenarios.map((x) => {
            const on = x.name === s.attack;
            return (
              <li key={x.name} className={on ? "playing" : ""}>
                <b>{x.label}</b>
                <span className="soft told-scenario">{x.description}</span>
                <button
                  type="button"
                  className={on ? "button main" : "button"}
                  aria-pressed={on}
                  aria-label={on ? `Stop ${x.label}` : `Play ${x.label}`}
                  disabled={!flowing && !on}
                  onClick={() => change.mutate({ attack: on ? null : x.name })}
                >
                  {on ? "Stop" : "Play"}
                </button>
              </li>
            );
          })}
        </ul>
        {!flowing && <p className="quiet explore-note">Switch the traffic on first: an attack is played on top of it.</p>}
      </section>
    </>
  );
}

function Rate({ id, rate, set }: { id: string; rate: number; set: (rate: number) => void }) {
  const [value, setValue] = useState(String(rate));
  const wanted = Number(value);
  const valid = value.trim() !== "" && Number.isFinite(wanted) && wanted >= 0;
  // The simulator is told when the hand rests, not at each step of the slider.
  useEffect(() => {
    if (!valid || wanted === rate) return;
    const timer = setTimeout(() => set(wanted), 500);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `set` is new at each drawing and not a reason to send
  }, [wanted, valid, rate]);
  return (
    <div className="line">
      <input
        type="range"
        min={0}
        max={SLIDER_TOP}
        step={100}
        aria-label="Events a second, by slider"
        value={Math.min(valid ? wanted : rate, SLIDER_TOP)}
        onChange={(e) => setValue(e.target.value)}
      />
      <input
        id={id}
        className="field"
        type="number"
        inputMode="numeric"
        min={0}
        step={100}
        value={value}
        aria-invalid={!valid}
        onChange={(e) => setValue(e.target.value)}
      />
      <span className="quiet" role="status">
        {!valid ? "a number, 0 or more" : wanted === 0 ? "0 sends nothing" : wanted !== rate ? "setting it" : wanted > SLIDER_TOP ? `${whole(wanted)}: as fast as this machine gives` : ""}
      </span>
    </div>
  );
}
