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
        value.is_a?(Timestamp) ? value : new(value)
      rescue ArgumentError
        nil
      end

      # A moment whose text is known to be one; read when it is needed.
      def received(text)
        allocate.tap { |moment| moment.instance_variable_set(:@text, text) }
      end
    end

    def initialize(value = Time.now)
      raise ArgumentError, "no time can be made of #{value.inspect}" unless value.is_a?(Time) || value.is_a?(String)

      @moment = (value.is_a?(Time) ? value : read(value)).getutc
    end

    # A copy: `localtime` changes it.
    def time
      moment.dup
    end

    alias utc time
    alias gmtime time
    alias getutc time
    alias to_time time

    def to_iso8601
      moment.iso8601((moment.nsec % 1_000_000).zero? ? 3 : 6)
    end

    alias to_s to_iso8601
    alias inspect to_iso8601

    def to_json(*)
      "\"#{to_iso8601}\""
    end

    def <=>(other)
      other.is_a?(Timestamp) ? moment <=> other.time : nil
    end

    def eql?(other)
      self == other
    end

    def hash
      moment.hash
    end

    def +(other)
      Timestamp.new(moment + other)
    end

    def -(other)
      other.is_a?(Numeric) ? Timestamp.new(moment - other) : moment - (other.is_a?(Timestamp) ? other.time : other)
    end

    %i[to_i to_f to_r usec nsec tv_sec tv_usec tv_nsec year month day hour min sec wday yday strftime].each do |name|
      define_method(name) { |*values| moment.public_send(name, *values) }
    end

    private

    def moment
      @moment ||= read(@text).getutc
    end

    def read(text)
      Time.iso8601(text.match?(/[Zz]|[+-]\d\d:?\d\d\z/) ? text : "#{text}Z")
    end
  end
end
