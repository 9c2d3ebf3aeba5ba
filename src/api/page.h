// The web page: files that are part of the program.
#pragma once

#include <span>
#include <string_view>

#include "api/routes.h"

namespace weir {

/// One file of the page. All views live as long as the program.
struct WebAsset {
  std::string_view path;  // /assets/index-4f2a91.js
  std::string_view content_type;
  std::string_view etag;   // with quotes
  bool immutable = false;  // its name changes with its content
  std::string_view bytes;
  std::string_view gzip;  // the same compressed; empty when that saves nothing
};

/// The files of web/dist as they were when the program was built, by path; empty when the page was not built
/// (cmake/EmbedWeb.cmake).
std::span<const WebAsset> web_assets();

/// The route that serves them, for RouteTable::set_fallback(): / and unknown paths without an extension are index.html (the page
/// finds its own way from there), and so are those below /entity/ and /findings/, which end in a name; other unknown ones, and
/// all below /assets/, are 404. Without assets, a page that says how to build it.
/// `assets` must outlive the route and be sorted by path.
Route page_route(std::span<const WebAsset> assets);

/// Headers of every page that people look at.
void add_page_headers(HttpResponse& response);

}  // namespace weir
