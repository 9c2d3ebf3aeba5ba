import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

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
  { files: ["eslint.config.js"], ...tseslint.configs.disableTypeChecked },
);
