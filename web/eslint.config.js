import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

function rooms(order) {
  return order.map((room, i) => ({
    files: [`src/${room}/**/*.{ts,tsx}`],
    ignores: ["**/*.test.*"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: order.slice(i + 1).map((above) => ({
            group: [`@/${above}/*`, `**/../${above}/*`],
            // The shapes of the API are nouns that all rooms may speak of.
            allowTypeImports: above === "api",
            message: `src/${room} may not know src/${above} (web/README.md).`,
          })),
        },
      ],
    },
  }));
}

export default tseslint.config(
  { ignores: ["dist", "node_modules", "test-results"] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { project: ["./tsconfig.json", "./tsconfig.node.json"], tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false, fixStyle: "inline-type-imports" }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      eqeqeq: ["error", "always", { null: "ignore" }],
      // The strict Content-Security-Policy refuses what these would write.
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "No raw HTML: payloads are escaped, and the CSP allows no inline code." },
        { selector: "JSXOpeningElement[name.name='style']", message: "No <style> elements: the Content-Security-Policy refuses them." },
      ],
    },
  },
  { ...jsxA11y.flatConfigs.recommended, files: ["src/**/*.tsx"] },
  { ...reactHooks.configs.flat.recommended, files: ["src/**/*.{ts,tsx}"] },
  // Rooms of src/, lowest first: each may import only from those before it.
  ...rooms(["lib", "api", "hooks", "charts", "parts", "pages", "app"]),
  { files: ["eslint.config.js"], ...tseslint.configs.disableTypeChecked },
);
