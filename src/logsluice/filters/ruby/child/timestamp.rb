# frozen_string_literal: true

require "json"
require "time"

module LogStash
  # A moment, as users of Logstash's events know it; never changes.
  class Timestamp
    include Comparable

    class << self
      # The key of an object that stands for a moment in what is exchanged; no log can guess it.
      attr_accessor :mark

      def now
        new
      end

      def at(seconds, micros = 0)
        new(Time.at(seconds, micros))
      end

      def parse_iso8601(text)
        new(text)
      end

      # A moment of a Timestamp, Time or text; nil for anything else.
      def coerce(value)
        case value
        when Timestamp then value
        when Time, String then new(value)
        end
      end
    end

    def initialize(value = Time.now)
      @time = value.is_a?(Time) ? value.getutc : nil
      return if @time

      raise ArgumentError, "no time can be made of #{value.inspect}" unless value.is_a?(String)

      @text = value
    end

    def time
      @time ||= Time.iso8601(@text.match?(/[Zz]|[+-]\d\d:?\d\d\z/) ? @text : "#{@text}Z").getutc
    end

    alias utc time
    alias gmtime time
    alias getutc time
    alias to_time time

    def to_iso8601
      time.iso8601((time.nsec % 1_000_000).zero? ? 3 : 6)
    end

    alias to_s to_iso8601
    alias inspect to_iso8601

    def to_json(*)
      "\"#{to_iso8601}\""
    end

    def <=>(other)
      other.is_a?(Timestamp) ? time <=> other.time : nil
    end

    def eql?(other)
      self == other
    end

    def hash
      time.hash
    end

    def +(other)
      Timestamp.new(time + other)
    end

    def -(other)
      other.is_a?(Numeric) ? Timestamp.new(time - other) : time - (other.is_a?(Timestamp) ? other.time : other)
    end

    %i[to_i to_f to_r usec nsec tv_sec tv_usec tv_nsec year month day hour min sec wday yday strftime].each do |name|
      define_method(name) { |*values| time.public_send(name, *values) }
    end
  end
end
