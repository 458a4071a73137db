# frozen_string_literal: true

# What an event may hold, and how it crosses the pipe.
module Values
  module_function

  # A value as an event keeps it. Raises TypeError for what no event can hold.
  def stored(value)
    case value
    when String then text(value)
    when Integer, Float, true, false, nil, LogStash::Timestamp then value
    when Symbol then value.to_s
    when Time then LogStash::Timestamp.new(value)
    when Hash then value.to_h { |key, inner| [text(key.to_s), stored(inner)] }
    when Array then value.map { |inner| stored(inner) }
    else
      raise TypeError, "an event can't hold a #{value.class}" unless defined?(BigDecimal) && value.is_a?(BigDecimal)

      value.to_f
    end
  end

  # A value that shares nothing with the one given.
  def copied(value)
    case value
    when String then value.dup
    when Hash then value.transform_values { |inner| copied(inner) }
    when Array then value.map { |inner| copied(inner) }
    else value
    end
  end

  # From what the pipe brought: objects with the mark become times, everywhere where `deep`.
  def received(value, deep)
    case value
    when Hash
      moment = value[LogStash::Timestamp.mark]
      return LogStash::Timestamp.received(moment) if moment

      deep ? value.transform_values! { |inner| received(inner, deep) } : value
    when Array then deep ? value.map! { |inner| received(inner, deep) } : value
    else value
    end
  end

  # To what the pipe takes.
  def sendable(value)
    case value
    when String then text(value)
    when LogStash::Timestamp then { LogStash::Timestamp.mark => value.to_iso8601 }
    when Hash then value.transform_values { |inner| sendable(inner) }
    when Array then value.map { |inner| sendable(inner) }
    else value
    end
  end

  def text(value)
    return value if value.encoding == Encoding::UTF_8 && value.valid_encoding?
    return value.encode(Encoding::UTF_8, invalid: :replace, undef: :replace) unless binary?(value)

    value.dup.force_encoding(Encoding::UTF_8).scrub
  end

  def binary?(value)
    [Encoding::UTF_8, Encoding::BINARY, Encoding::US_ASCII].include?(value.encoding)
  end
end
