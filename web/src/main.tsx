import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { LiveFeed } from "@/api/live";
import { newQueryClient } from "@/api/queries";
import { App } from "@/app/App";
import { startTheme } from "@/hooks/theme";
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/charts/charts.css";
import "@/app/app.css";
import "@/parts/parts.css";
import "@/pages/pages.css";

startTheme();
const feed = new LiveFeed();
feed.start();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App feed={feed} client={newQueryClient()} />
  </StrictMode>,
);
