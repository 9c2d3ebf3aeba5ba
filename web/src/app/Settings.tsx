import * as ToggleGroup from "@radix-ui/react-toggle-group";
import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { token } from "@/api/client";
import { useLiveFeed } from "@/api/queries";
import { Sheet } from "@/parts/Sheet";
import { KEYS } from "@/hooks/keys";
import { chooseTheme, type ThemeChoice, useTheme } from "@/hooks/theme";

const THEMES: { choice: ThemeChoice; label: string }[] = [
  { choice: "system", label: "As the system" },
  { choice: "light", label: "Light" },
  { choice: "dark", label: "Dark" },
];

export function Settings({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { choice } = useTheme();
  return (
    <Sheet open={open} onClose={onClose} title="Settings and keys">
      <div className="settings">
        <section>
          <h3>Light and dark</h3>
          <ToggleGroup.Root
            type="single"
            className="choices"
            value={choice}
            aria-label="Light and dark"
            onValueChange={(value) => {
              if (value !== "") chooseTheme(value as ThemeChoice);
            }}
          >
            {THEMES.map((t) => (
              <ToggleGroup.Item key={t.choice} value={t.choice} data-label={t.label}>
                {t.label}
              </ToggleGroup.Item>
            ))}
          </ToggleGroup.Root>
        </section>
        <TokenForm />
        <section>
          <h3>Keys</h3>
          <div className="keys">
            {KEYS.map((group) => (
              <div key={group.title}>
                <h4 className="quiet">{group.title}</h4>
                <dl>
                  {group.items.map((item) => (
                    <div key={item.does}>
                      <dt>
                        {item.keys.map((k) => (
                          <kbd key={k}>{k}</kbd>
                        ))}
                      </dt>
                      <dd>{item.does}</dd>
                    </div>
                  ))}
                </dl>
              </div>
            ))}
          </div>
        </section>
        <p className="quiet">All times on this page are UTC.</p>
      </div>
    </Sheet>
  );
}

function TokenForm() {
  const [value, setValue] = useState("");
  const [set, setSet] = useState(token.get() !== null);
  const client = useQueryClient();
  const feed = useLiveFeed();
  const id = useId();
  const use = (next: string | null) => {
    token.set(next);
    setSet(next !== null);
    setValue("");
    void client.invalidateQueries();
    feed.refresh();
  };
  return (
    <section>
      <h3>
        <label htmlFor={id}>Token</label>
      </h3>
      <p className="soft">Only where Weir asks for one. It is kept until this tab is closed.</p>
      <form
        className="line"
        onSubmit={(e) => {
          e.preventDefault();
          if (value.trim() !== "") use(value.trim());
        }}
      >
        <input
          id={id}
          className="field"
          type="password"
          autoComplete="off"
          value={value}
          placeholder={set ? "A token is set" : ""}
          onChange={(e) => setValue(e.target.value)}
        />
        <button className="button" disabled={value.trim() === ""}>
          Use it
        </button>
        {set && (
          <button type="button" className="text-button" onClick={() => use(null)}>
            Forget it
          </button>
        )}
      </form>
    </section>
  );
}
