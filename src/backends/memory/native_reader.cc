#include "backends/memory/native_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <map>

namespace weir {
namespace {

struct Bad {
  std::string why;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }

  std::string_view take(std::uint64_t n) {
    if (n > rest_.size()) throw Bad{fmt::format("{} bytes are missing at the end", n - rest_.size())};
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }
  std::uint64_t varuint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    throw Bad{"a length is longer than 64 bits"};
  }
  std::string_view text() { return take(varuint()); }
  std::uint64_t number(std::size_t width, bool is_signed = false) {
    const std::string_view raw = take(width);
    std::uint64_t value = 0;
    std::memcpy(&value, raw.data(), width);
    if (is_signed && width < 8 && (value >> (width * 8 - 1)) != 0) value |= ~std::uint64_t{0} << (width * 8);
    return value;
  }

 private:
  std::string_view rest_;
};

// `Name(arguments)` taken apart; arguments are empty for a plain name.
struct Type {
  std::string_view name, arguments;
};

Type parse(std::string_view type) {
  const std::size_t open = type.find('(');
  if (open == std::string_view::npos) return {type, {}};
  if (type.back() != ')') throw Bad{fmt::format("type {} has no end", type)};
  return {type.substr(0, open), type.substr(open + 1, type.size() - open - 2)};
}

std::vector<std::string_view> split_arguments(std::string_view arguments) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= arguments.size(); ++i) {
    const char c = i == arguments.size() ? ',' : arguments[i];
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && (depth == 0 || i == arguments.size())) {
      std::string_view part = arguments.substr(begin, i - begin);
      while (part.starts_with(' ')) part.remove_prefix(1);
      parts.push_back(part);
      begin = i + 1;
    }
  }
  return parts;
}

// A tuple's element may have a name: `kind String`.
std::string_view element_type(std::string_view element) {
  const std::size_t space = element.substr(0, element.find('(')).find(' ');
  return space == std::string_view::npos ? element : element.substr(space + 1);
}

struct Width {
  std::size_t bytes;
  bool is_signed;
};

// Of a type whose values all have one size; 0 otherwise.
Width width_of(const Type& type) {
  static const std::map<std::string_view, Width> kWidths{
      {"UInt8", {1, false}},     {"UInt16", {2, false}}, {"UInt32", {4, false}},  {"UInt64", {8, false}},
      {"UInt128", {16, false}},  {"Int8", {1, true}},    {"Int16", {2, true}},    {"Int32", {4, true}},
      {"Int64", {8, true}},      {"Int128", {16, true}}, {"Float32", {4, false}}, {"Float64", {8, false}},
      {"Bool", {1, false}},      {"Date", {2, false}},   {"Date32", {4, true}},   {"DateTime", {4, false}},
      {"DateTime64", {8, true}}, {"Enum8", {1, true}},   {"Enum16", {2, true}},   {"UUID", {16, false}},
      {"IPv4", {4, false}},      {"IPv6", {16, false}}};
  const auto found = kWidths.find(type.name);
  return found == kWidths.end() ? Width{0, false} : found->second;
}

// What some types put before the data of a column.
void skip_prefix(Reader& in, std::string_view text) {
  const Type type = parse(text);
  if (type.name == "LowCardinality") {
    if (const std::uint64_t version = in.number(8); version != 1) {
      throw Bad{fmt::format("LowCardinality of version {}", version)};
    }
  } else if (type.name == "Array" || type.name == "Nullable") {
    skip_prefix(in, type.arguments);
  } else if (type.name == "Tuple") {
    for (std::string_view element : split_arguments(type.arguments)) skip_prefix(in, element_type(element));
  }
}

void read_data(Reader& in, std::string_view text, std::uint64_t rows, NativeColumn& out) {
  const Type type = parse(text);
  if (type.name == "String") {
    for (std::uint64_t i = 0; i < rows; ++i) out.texts.push_back(in.text());
  } else if (const Width width = width_of(type); width.bytes != 0) {
    for (std::uint64_t i = 0; i < rows; ++i) {
      if (width.bytes <= 8) {
        out.numbers.push_back(in.number(width.bytes, width.is_signed));
      } else {
        in.take(width.bytes);
      }
    }
  } else if (type.name == "FixedString") {
    std::uint64_t length = 0;
    std::from_chars(type.arguments.data(), type.arguments.data() + type.arguments.size(), length);
    for (std::uint64_t i = 0; i < rows; ++i) out.texts.push_back(in.take(length));
  } else if (type.name == "SimpleAggregateFunction") {
    read_data(in, split_arguments(type.arguments).back(), rows, out);
  } else if (type.name == "Nullable") {
    in.take(rows);
    read_data(in, type.arguments, rows, out);
  } else if (type.name == "Array") {
    std::uint64_t elements = 0;
    for (std::uint64_t i = 0; i < rows; ++i) elements = in.number(8);
    NativeColumn inner;
    read_data(in, type.arguments, elements, inner);
  } else if (type.name == "Tuple") {
    for (std::string_view element : split_arguments(type.arguments)) {
      NativeColumn inner;
      read_data(in, element_type(element), rows, inner);
    }
  } else if (type.name == "LowCardinality" && rows > 0) {
    const std::uint64_t flags = in.number(8);
    NativeColumn keys;
    Type inner = parse(type.arguments);
    read_data(in, inner.name == "Nullable" ? inner.arguments : type.arguments, in.number(8), keys);
    if (const std::uint64_t n = in.number(8); n != rows) throw Bad{fmt::format("{} indexes for {} rows", n, rows)};
    const std::size_t width = std::size_t{1} << (flags & 3U);
    for (std::uint64_t i = 0; i < rows; ++i) {
      const std::uint64_t key = in.number(width);
      if (!keys.texts.empty()) {
        if (key >= keys.texts.size()) throw Bad{fmt::format("key {} of {}", key, keys.texts.size())};
        out.texts.push_back(keys.texts[key]);
      }
    }
  } else if (rows > 0) {
    throw Bad{fmt::format("columns of type {} cannot be read here", text)};
  }
}

}  // namespace

const NativeColumn* NativeBlock::find(std::string_view name) const {
  for (const NativeColumn& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

Result<std::vector<NativeBlock>> read_native(std::string_view bytes) {
  std::vector<NativeBlock> blocks;
  try {
    Reader in(bytes);
    while (!in.done()) {
      NativeBlock block;
      const std::uint64_t columns = in.varuint();
      block.rows = in.varuint();
      for (std::uint64_t c = 0; c < columns; ++c) {
        NativeColumn column;
        column.name = in.text();
        column.type = in.text();
        if (block.rows > 0) {
          skip_prefix(in, column.type);
          read_data(in, column.type, block.rows, column);
        }
        block.columns.push_back(std::move(column));
      }
      blocks.push_back(std::move(block));
    }
  } catch (const Bad& bad) {
    return fail(Code::kInvalid, fmt::format("these bytes are not in the Native format: {}", bad.why));
  }
  return blocks;
}

}  // namespace weir
